using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>How well a transformer predicts the held-out rows of a batch.</summary>
/// <param name="Loss">Mean cross-entropy of a position, nats: a scalar.</param>
/// <param name="Accuracy">Share of the positions whose most probable prediction is right: a scalar.</param>
internal sealed record HeldOutScore(Tensor Loss, Tensor Accuracy)
{
    /// <summary>Scores predictions.</summary>
    /// <param name="logits">[N, V].</param>
    /// <param name="targets">int64 [N].</param>
    public static HeldOutScore Of(Tensor logits, Tensor targets) =>
        new(nn.functional.cross_entropy(logits, targets), logits.argmax(1).eq(targets).to(float32).mean());

    /// <summary>Returns the mean loss and accuracy over the held-out rows, by the names of the metrics.</summary>
    public static IReadOnlyDictionary<string, double> Measure(StageData data, Device device, Func<StageBatch, HeldOutScore> score)
    {
        var (loss, accuracy) = (0.0, 0.0);
        using var outer = NewDisposeScope();
        foreach (var batch in data.HeldOutBatches(TransformerTraining.HeldOutCount))
        {
            using var scope = NewDisposeScope();
            var result = score(batch.To(device));
            loss += result.Loss.item<float>() * batch.ClassIds.shape[0];
            accuracy += result.Accuracy.item<float>() * batch.ClassIds.shape[0];
        }

        return new Dictionary<string, double>
        {
            [TransformerTraining.HeldOutLoss] = loss / TransformerTraining.HeldOutCount,
            [TransformerTraining.HeldOutAccuracy] = accuracy / TransformerTraining.HeldOutCount,
        };
    }
}
