using CtfService.Core.Generation;

namespace CtfService.Api.Contracts;

/// <summary>The names of the priorities that a request may have.</summary>
internal static class ImagePriorities
{
    public const string Interactive = "interactive";

    public const string Batch = "batch";

    public const string High = "high";

    /// <summary>Returns null if no priority has the name.</summary>
    public static ImagePriority? Find(string name) => name switch
    {
        Interactive => ImagePriority.Interactive,
        Batch => ImagePriority.Batch,
        High => ImagePriority.High,
        _ => null,
    };
}
