namespace CtfService.Training.Data.Files;

/// <summary>Why files of a data set are skipped; the text follows the names of the files.</summary>
internal static class SkipReasons
{
    public const string System = "created by an operating system or a storage system";
    public const string NotImage = "not an image";
    public const string OutsideClasses = "outside the class folders";
    public const string Empty = "an empty file";
    public const string Damaged = "damaged or truncated";
    public const string NoPermission = "cannot be read";
    public const string NameNotUtf8 = "its name is not UTF-8; rename it";
    public const string Special = "neither a file, a folder nor a link";
    public const string LinkToNothing = "a broken link";
    public const string LinkAbove = "a link to an enclosing folder";
    public const string LinkAgain = "a link to a folder that is already read";
    public const string LinkOutOfTar = "a link to a target outside the tar file";
    public const string UnknownClass = "of a class that train/ does not have";
    public const string NoLabel = "without a label, which other images have";
    public const string UnknownLabel = "a label that is not in the list of class names";
    public const string DamagedShard = "a damaged tar file, whose images are left out";
    public const string NoImage = "a sample without an image";
    public const string SecondImage = "a second image of one sample";
    public const string NotListed = "not listed in metadata.jsonl";
    public const string ListedTwice = "listed twice in metadata.jsonl";
    public const string ListedOnly = "listed in metadata.jsonl, but missing";
    public const string OutsideFolder = "outside the folder of the data set";
    public const string NoBytes = "a row without the bytes of an image";
    public const string Replaced = "replaced by a later entry with the same name in the tar file";

    public static string TooManyPixels(int most) => FormattableString.Invariant($"more than {most:N0} pixels; scale it down or raise --max-pixels");

    public static string TooManyBytes(long most) => FormattableString.Invariant($"more than {most:N0} bytes");

    public static string NotRead(string kind) => $"an image in {kind} format, which is not supported; convert it to PNG";
}
