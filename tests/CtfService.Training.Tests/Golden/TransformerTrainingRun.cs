using System.Text.Json;
using CtfService.Model.Checkpoints;
using CtfService.Model.TestSupport;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Transformer;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Golden;

/// <summary>Runs our training steps on the batch of a golden file, with the optimizer settings in its metadata.</summary>
public sealed class TransformerTrainingRun : IGoldenRun<TransformerTrainingRun>, IDisposable
{
    private readonly ClassConditionalTransformer _transformer;
    private readonly WeightAverage _average;
    private readonly Dictionary<string, float> _firstGradientNorms;

    private TransformerTrainingRun(string name)
    {
        Golden = GoldenModels.Values(name, "train");
        var settings = JsonDocument.Parse(Golden.Metadata["optimizer"]).RootElement;
        _transformer = GoldenModels.Transformer(name);
        _average = new WeightAverage(_transformer);
        _transformer.train();

        using var scope = NewDisposeScope();
        using var optimizer = new WeightOptimizer(
            _transformer, settings.GetProperty("weight_decay_dim_ge_2").GetDouble(), settings.GetProperty("clip_grad_norm").GetDouble());
        var tokens = Golden.Read("train_tokens", int64);
        var batch = new StageBatch(Golden.Read("train_classes", int64), CoarseLabels: tokens, tokens);
        FirstLogits = _transformer.call(batch.ClassIds, tokens.narrow(1, 0, tokens.shape[1] - 1)).detach().DetachFromDisposeScope();
        _firstGradientNorms = GradientNorms(CoarseTask.Loss(_transformer, batch));

        var (losses, norms) = (new List<float>(), new List<float>());
        for (var step = 0; step < settings.GetProperty("steps").GetInt32(); step++)
        {
            using var stepScope = NewDisposeScope();
            var loss = CoarseTask.Loss(_transformer, batch);
            optimizer.ClearGradients();
            loss.backward();
            norms.Add(optimizer.ClipGradients().Values[0].item<float>());
            optimizer.Step(settings.GetProperty("lr").GetDouble());
            losses.Add(loss.item<float>());
            _average.Update(settings.GetProperty("ema_decay").GetDouble());
        }

        Losses = losses;
        GradientNormsBeforeClipping = norms;
        LossAfter = CoarseTask.Loss(_transformer, batch).item<float>();
    }

    public SafetensorsFile Golden { get; }

    /// <summary>Logits [B, T, V] before the first step.</summary>
    public Tensor FirstLogits { get; }

    /// <summary>Loss of each step, before its update.</summary>
    public IReadOnlyList<float> Losses { get; }

    public IReadOnlyList<float> GradientNormsBeforeClipping { get; }

    public float LossAfter { get; }

    public static TransformerTrainingRun Of(string name) => new(name);

    /// <summary>Gradient norm of the first step, before clipping: [1].</summary>
    public Tensor FirstGradientNorm(string parameter) => tensor(new[] { _firstGradientNorms[parameter] });

    /// <summary>Weights after the last step.</summary>
    public Tensor Weight(string parameter) => _transformer.get_parameter(parameter)!.detach();

    /// <summary>Moving average of the weights after the last step.</summary>
    public Tensor Average(string parameter) => _average.Averages[parameter].alias();

    public void Dispose()
    {
        FirstLogits.Dispose();
        _average.Dispose();
        _transformer.Dispose();
        Golden.Dispose();
    }

    private Dictionary<string, float> GradientNorms(Tensor loss)
    {
        loss.backward();
        return _transformer.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.grad!.norm().item<float>());
    }
}
