using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>Something a request has been waiting for. One of the nested cases.</summary>
/// <param name="Place">Which image of the request, from 0.</param>
public abstract record InferenceEvent(int Place)
{
    /// <summary>An image can be looked at before it is finished.</summary>
    public sealed record Previewed(int Place, ImagePreview Preview) : InferenceEvent(Place);

    /// <summary>An image is finished.</summary>
    public sealed record Finished(int Place, InferenceResult Result) : InferenceEvent(Place);
}
