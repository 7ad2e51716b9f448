using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <content>Named keys, trust and profiles.</content>
public static partial class OperationErrors
{
    /// <summary>A name that no configuration has.</summary>
    internal static readonly ErrorCode NamedKeyUnknown = new(
        "KS3081", "there is no key named '{0}'; there are: {1}.",
        "Read was {2}. Name one of them, add it to 'keys' in a configuration, or give the configuration with [option:config FILE].",
        ErrorKind.Usage);

    /// <summary>The name of a key without its mark.</summary>
    internal static readonly ErrorCode KeyNameBare = new(
        "KS3087", "there is no file '{1}', and the configuration has a key of that name.",
        "A key's name has an '@' in front: [option:{0} @{1}]{2}.", ErrorKind.Usage);

    /// <summary>A name where nothing gives names a meaning.</summary>
    internal static readonly ErrorCode NoConfiguration = new(
        "KS3088", "no configuration was found, and so there is no {0} named '{1}'.",
        "Give one with [option:config FILE] or the variable KEXECSIGN_CONFIG; [run:keys init] writes one for the keys that it makes.",
        ErrorKind.Usage);

    /// <summary>A configuration that somebody else can change.</summary>
    internal static readonly ErrorCode ConfigurationWritable = new(
        "KS3082", "others can change this configuration: its mode is 0{0}, it belongs to user {1}, and user {2} reads it.",
        "It decides which key signs: take write permission from group and others and make it yours or root's, or use [option:no-config].");

    /// <summary>A configuration of the working folder that says too much.</summary>
    internal static readonly ErrorCode ConfigurationForbids = new(
        "KS3083", "a configuration found in the working folder names {0}.",
        "It may have come with somebody else's files: keep that in your own configuration, or name this file with [option:config FILE].");

    /// <summary>A profile that no configuration has.</summary>
    internal static readonly ErrorCode ProfileUnknown = new(
        "KS3084", "there is no profile '{0}'; there are: {1}.",
        "Read was {2}. Name one of them, or add it to 'profiles' in a configuration.", ErrorKind.Usage);

    /// <summary>A plan that is there.</summary>
    internal static readonly ErrorCode PlanThere = new(
        "KS3085", "it is there already, and is not written over.", "Move it away, or give another folder with [option:o].");

    /// <summary>A folder whose images are to be planned for, and that is not there.</summary>
    internal static readonly ErrorCode PlanFolderMissing = new(
        "KS3089", "there is no such folder, and the images that a plan is for are those of the folder where none is named.",
        "Name the images, and the folder is made; or give the folder that they are in.", ErrorKind.Usage);

    /// <summary>Nothing to plan for.</summary>
    internal static readonly ErrorCode NoImages = new(
        "KS3086", "none of {0} file(s) is an image that can be signed.", "Name the images, or run it in the folder that they are in.",
        ErrorKind.Usage);
}
