using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>From cached tokens to a trained stage: what <c>ctf train-coarse</c> and <c>ctf train-fine</c> do.</summary>
public static class TransformerTraining
{
    public const string CoarseResultName = "coarse.safetensors";
    public const string FineResultName = "fine.safetensors";

    /// <param name="size">Width, layers and heads; the rest follows from the data.</param>
    public static void TrainCoarse(StageInputs inputs, TransformerSize size, TrainingRun run, ITrainingProgress progress, CancellationToken cancellation)
    {
        var config = Config(inputs, size, inputs.Map.ClusterCount, causal: true);
        Train(inputs, config, run, (transformer, data, sheet) => new CoarseTask(transformer, data, sheet), CoarseResultName, progress, cancellation);
    }

    /// <inheritdoc cref="TrainCoarse"/>
    public static void TrainFine(StageInputs inputs, TransformerSize size, TrainingRun run, ITrainingProgress progress, CancellationToken cancellation)
    {
        var config = Config(inputs, size, inputs.Map.CodebookSize, causal: false);
        Train(inputs, config, run, (transformer, data, sheet) => new FineTask(transformer, inputs.Map, data, sheet), FineResultName, progress, cancellation);
    }

    private static void Train(
        StageInputs inputs,
        TransformerConfig config,
        TrainingRun run,
        Func<ClassConditionalTransformer, StageData, SampleSheet, ITrainingTask> newTask,
        string resultName,
        ITrainingProgress progress,
        CancellationToken cancellation)
    {
        var options = run.Options;
        manual_seed((long)options.Seed);
        using var transformer = new ClassConditionalTransformer(config);
        using var data = new StageData(inputs.Train, inputs.HeldOut, inputs.Map, options.BatchSize, options.Seed);
        var task = newTask(transformer, data, new SampleSheet(inputs.Tokenizer, inputs.Map, config));
        using (task as IDisposable)
        {
            new TrainingLoop(options, task, progress).Run(run.Resume, cancellation);
        }

        ModelFile.Save(Path.Combine(options.RunDirectory, resultName), transformer, config);
    }

    private static TransformerConfig Config(StageInputs inputs, TransformerSize size, int outputVocabulary, bool causal)
    {
        var side = (int)Math.Round(Math.Sqrt(inputs.Train.Positions));
        if (side * side != inputs.Train.Positions)
        {
            throw new CheckpointException($"The tokens form no square grid: {inputs.Train.Positions} per image. Train on square images.");
        }

        return new TransformerConfig
        {
            Width = size.Width,
            Layers = size.Layers,
            Heads = size.Heads,
            InputVocabulary = inputs.Map.ClusterCount,
            OutputVocabulary = outputVocabulary,
            ClassCount = inputs.Train.ClassNames.Count,
            GridHeight = side,
            GridWidth = side,
            Causal = causal,
            FeedForwardMultiple = 64,
        };
    }
}

/// <summary>What both stages learn from.</summary>
public sealed record StageInputs(VqTokenizer Tokenizer, ClusterMap Map, TokenCache Train, TokenCache HeldOut) : IDisposable
{
    public void Dispose() => Tokenizer.Dispose();
}
