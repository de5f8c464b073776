using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>Progress of one image of a submission: one of the nested cases.</summary>
/// <param name="Index">Position of the image in the submission, from 0.</param>
public abstract record InferenceEvent(int Index)
{
    /// <summary>A preview of the image.</summary>
    public sealed record Previewed(int Index, ImagePreview Preview) : InferenceEvent(Index);

    /// <summary>The finished image.</summary>
    /// <param name="QueueTime">Time from admission to the start of the image.</param>
    public sealed record Finished(int Index, GeneratedImage Image, TimeSpan QueueTime) : InferenceEvent(Index);
}
