namespace CtfService.Core.Generation;

/// <summary>Priority of an image, the more urgent first. Images of a lower priority pause while one of a higher priority is in the generator.</summary>
public enum ImagePriority
{
    /// <summary>Before all others: callers that may ask for it, and images that the scheduler starts so because another caller crowds the device.</summary>
    High,

    /// <summary>A caller waits for the image.</summary>
    Interactive,

    /// <summary>A caller waits for the image, but it may pause. Starts only while no image of a higher priority waits, and pauses while one runs.</summary>
    Batch,

    /// <summary>Part of a long job. Takes rows only while no image of a higher priority waits, and pauses while one runs.</summary>
    Bulk,
}
