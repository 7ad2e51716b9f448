using KexecSign.Boot.Tests.Lab;

namespace KexecSign.Boot.Tests;

/// <summary>The test set made around the lab's kernel of Linux 7, before firmware and that kernel.</summary>
[Collection(nameof(NextLabBench))]
public sealed class NextTestsetLabTests(NextLabBench bench) : TestsetLabTests(bench);

/// <summary>Forms of signatures, judged by Linux 7.</summary>
[Collection(nameof(NextLabBench))]
public sealed class NextSignatureLabTests(NextLabBench bench) : SignatureLabTests(bench);

/// <summary>Zboot images of Linux 7.</summary>
[Collection(nameof(NextLabBench))]
public sealed class NextZbootLabTests(NextLabBench bench) : ZbootLabTests(bench);

/// <summary>Modules before Linux 7.</summary>
[Collection(nameof(NextLabBench))]
public sealed class NextModuleLabTests(NextLabBench bench) : ModuleLabTests(bench);
