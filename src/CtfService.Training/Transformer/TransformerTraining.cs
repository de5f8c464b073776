using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using CtfService.Training.Tokens;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>Trains the coarse and the fine stage on tokens, as <c>ctf train-coarse</c> and <c>ctf train-fine</c> do.</summary>
public static class TransformerTraining
{
    public const string CoarseResultName = "coarse.safetensors";
    public const string FineResultName = "fine.safetensors";

    /// <summary>Name of the loss on held-out images in the run's metrics, nats per position.</summary>
    public const string HeldOutLoss = "held-out loss";

    /// <summary>Name of the accuracy on the same images: the share of positions whose most probable prediction is right, 0 to 1.</summary>
    public const string HeldOutAccuracy = "held-out accuracy";

    /// <summary>Number of held-out images for both, evenly spaced.</summary>
    internal const int HeldOutCount = 256;

    /// <summary>Trains the coarse stage.</summary>
    /// <param name="size">Width, layers and heads; the data determine the rest.</param>
    public static void TrainCoarse(StageInputs inputs, TransformerSize size, TrainingRun run, ITrainingProgress progress, CancellationToken cancellation)
    {
        var config = Config(inputs, size, run.Options, inputs.Map.ClusterCount, causal: true);
        Train(
            inputs,
            config,
            run,
            RecordOf(inputs, config),
            (transformer, data, sheet) => new CoarseTask(transformer, data, sheet, run.Options.Device),
            CoarseResultName,
            progress,
            cancellation);
    }

    /// <summary>Trains the fine stage.</summary>
    /// <param name="size">Width, layers and heads; the data determine the rest.</param>
    /// <param name="head">Codewords that compete for a position in training. Serving always scores the members of the cluster.</param>
    /// <exception cref="CheckpointException">Each codeword is its own cluster, so the model has no fine stage.</exception>
    public static void TrainFine(
        StageInputs inputs, TransformerSize size, FineHead head, TrainingRun run, ITrainingProgress progress, CancellationToken cancellation)
    {
        if (inputs.Map.IsIdentity)
        {
            throw new CheckpointException(
                "Each codeword is its own cluster, so coarse labels are tokens and the model has no fine stage. "
                + "Bundle the model without it, or cluster again with fewer clusters.");
        }

        var config = Config(inputs, size, run.Options, inputs.Map.CodebookSize, causal: false);
        Train(
            inputs,
            config,
            run,
            RecordOf(inputs, config).With("head", head),
            (transformer, data, sheet) => new FineTask(transformer, inputs.Map, head, data, sheet, run.Options.Device),
            FineResultName,
            progress,
            cancellation);
    }

    private static void Train(
        StageInputs inputs,
        TransformerConfig config,
        TrainingRun run,
        PartRecord madeFrom,
        Func<ClassConditionalTransformer, StageData, SampleSheet, ITrainingTask> newTask,
        string resultName,
        ITrainingProgress progress,
        CancellationToken cancellation)
    {
        inputs.RequireAlike();
        manual_seed((long)run.Options.Seed);
        using var transformer = PlacedModule.Build(run.Options.Device, () => new ClassConditionalTransformer(config));
        run.InitialWeights?.CopyTo(transformer); // before an earlier training is deleted, because they may not fit
        run.Start(resultName);
        var options = run.Recorded(madeFrom);
        progress.Note(RunSummary.Of(
            $"{inputs.Train.ClassIds.Count} training and {inputs.HeldOut.ClassIds.Count} test images, mirror images included, of {config.ClassCount} classes, "
            + $"{config.Positions} tokens per image, {config.OutputVocabulary} {(config.Causal ? "labels" : "codewords")}",
            options,
            inputs.Train.ClassIds.Count));
        using var data = new StageData(inputs.Train, inputs.HeldOut, inputs.Map, options);
        var task = newTask(transformer, data, new SampleSheet(inputs.Tokenizer, inputs.Map, config));
        using (task as IDisposable)
        {
            void Save(string path)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                ModelFile.Save(path, transformer, config, options.MadeFrom);
            }

            new TrainingLoop(options, task, progress, step => Save(SnapshotPath(options.RunDirectory, resultName, step))).Run(run.Resume, cancellation);
            var result = Path.Combine(options.RunDirectory, resultName);
            Save(result);
            progress.Note($"Saved {result}.");
        }
    }

    /// <summary>Returns the path of the snapshot after a step (<see cref="TrainingOptions.SnapshotSteps"/>).</summary>
    public static string SnapshotPath(string runDirectory, string resultName, long step) =>
        Path.Combine(runDirectory, "snapshots", $"{step:D7}-{resultName}");

    private static PartRecord RecordOf(StageInputs inputs, TransformerConfig config) =>
        inputs.Train.MadeFrom.With(PartRecord.ClusterMap, ClusterMapIdentity.Of(inputs.Map)).With(PartRecord.Architecture, config);

    private static TransformerConfig Config(StageInputs inputs, TransformerSize size, TrainingOptions options, int outputVocabulary, bool causal)
    {
        var side = (int)Math.Round(Math.Sqrt(inputs.Train.Positions));
        if (side * side != inputs.Train.Positions)
        {
            throw new CheckpointException($"The token grid is not square: {inputs.Train.Positions} tokens per image. Train on square images.");
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
            FeedForwardMultiple = size.FeedForwardMultiple,
            Dropout = (float)options.Dropout,
        };
    }
}

/// <summary>Codewords that compete for a position in the fine stage.</summary>
public enum FineHead
{
    /// <summary>The members of the position's cluster.</summary>
    Cluster,

    /// <summary>The whole codebook, as in the paper.</summary>
    Codebook,
}

/// <summary>Inputs that both stages are trained on.</summary>
public sealed record StageInputs(VqTokenizer Tokenizer, ClusterMap Map, TokenSet Train, TokenSet HeldOut) : IDisposable
{
    /// <summary>Throws if the held-out tokens are not of the same classes and image size as those to train on.</summary>
    /// <exception cref="CheckpointException">They differ; the message says how.</exception>
    internal void RequireAlike()
    {
        var differs = Train.Positions != HeldOut.Positions ? $"have {HeldOut.Positions} tokens an image, those of the training images {Train.Positions}"
            : !Train.ClassNames.SequenceEqual(HeldOut.ClassNames, StringComparer.Ordinal) ? "have other class names than those of the training images"
            : null;
        if (differs is not null)
        {
            throw new CheckpointException(
                $"The tokens of the held-out images {differs}. Compute both splits alike, "
                + "with one image size and one list of names: 'ctf tokenize --overwrite'.");
        }
    }

    public void Dispose()
    {
        Tokenizer.Dispose();
        Train.Dispose();
        HeldOut.Dispose();
    }
}
