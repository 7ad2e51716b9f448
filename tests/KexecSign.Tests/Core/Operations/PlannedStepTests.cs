using KexecSign.Core.Operations;

namespace KexecSign.Tests.Core.Operations;

/// <summary>What a dry run says of what would be done.</summary>
public sealed class PlannedStepTests
{
    [Fact]
    public void A_module_that_is_not_there_is_said_to_be_missing() =>
        PlannedStep.Sign("the image", "pkcs11:object=db?module-path=/nowhere/module.so", "db.pem").First()
            .ShouldBe(new("load", "a PKCS#11 module, but none was found"));
}
