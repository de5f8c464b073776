using CtfService.Training.Data;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>Rows that a transformer is trained on or measured with.</summary>
/// <param name="ClassIds">int64 [B].</param>
/// <param name="CoarseLabels">int64 [B, T].</param>
/// <param name="Tokens">int64 [B, T].</param>
internal sealed record StageBatch(Tensor ClassIds, Tensor CoarseLabels, Tensor Tokens)
{
    /// <summary>Copies the batch to a device, without waiting for it.</summary>
    public StageBatch To(Device device) => new(Upload.To(ClassIds, device), Upload.To(CoarseLabels, device), Upload.To(Tokens, device));

    /// <summary>Returns the rows of a part as views.</summary>
    public StageBatch Part(BatchPart part) => new(part.Of(ClassIds), part.Of(CoarseLabels), part.Of(Tokens));
}
