namespace CtfService.Core.Generation;

/// <summary>Priority of an image, the more urgent first.</summary>
public enum ImagePriority
{
    /// <summary>A caller waits for the image.</summary>
    Interactive,

    /// <summary>Part of a long job. Takes rows only while no interactive image waits, and pauses while one runs.</summary>
    Bulk,
}
