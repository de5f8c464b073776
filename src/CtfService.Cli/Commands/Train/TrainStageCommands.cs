using System.CommandLine;
using CtfService.Cli.Shell;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using CtfService.Training.Tokens;
using CtfService.Training.Transformer;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf train-coarse</c> and <c>ctf train-fine</c>: train the transformers of both stages on tokens.</summary>
internal static class TrainStageCommands
{
    /// <summary>The differences between the two commands.</summary>
    /// <param name="Part">Folder in the run.</param>
    /// <param name="Compare">Compares the other stage of the run with the inputs of this one.</param>
    private sealed record Stage(
        string Name, string Description, string Part, string ResultName, int Steps, Action<RunValidator, RunFolder, PartRecord> Compare, Trainer Train);

    private delegate void Trainer(StageInputs inputs, TransformerSize size, TrainingRun run, ITrainingProgress progress, CancellationToken cancellation);

    public static Command CreateCoarse(Terminal terminal) => Create(terminal, new Stage(
        "train-coarse",
        "Trains the coarse stage: the causal transformer over coarse labels.",
        RunFolder.CoarsePart,
        TransformerTraining.CoarseResultName,
        Steps: 4000,
        (validator, folder, now) => validator.NoteFine(folder.Fine, now),
        TransformerTraining.TrainCoarse));

    public static Command CreateFine(Terminal terminal) => Create(terminal, new Stage(
        "train-fine",
        "Trains the fine stage: the transformer that predicts every token from all coarse labels.",
        RunFolder.FinePart,
        TransformerTraining.FineResultName,
        Steps: 3000,
        (validator, folder, now) => validator.RequireCoarse(folder.Coarse, now),
        (inputs, size, run, progress, cancellation) => TransformerTraining.TrainFine(inputs, size, FineHead.Cluster, run, progress, cancellation)));

    private static Command Create(Terminal terminal, Stage stage)
    {
        var training = new TrainingArguments(stage.Part, stage.Steps, batchSize: 32, learningRate: 1e-3, needsData: false);
        var model = new StageArguments();
        var plan = new PlanArguments();
        var initial = new Option<string?>("--initial-weights")
        {
            Description = $"Weights of the same size to begin with, such as a bundle's {stage.ResultName} on the same tokens; random ones if omitted.",
        };
        var command = new Command(stage.Name, stage.Description);
        model.AddTo(command);
        command.Options.Add(initial);
        training.AddTo(command);
        plan.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            var size = model.Size(arguments);
            var options = model.Apply(arguments, training.Options(arguments));
            if (plan.IsWanted(arguments.CommandResult))
            {
                var run = PlannedRun.Of(training.Folder(arguments), training.RequestedImageSize(arguments)).Report(terminal);
                var (planned, isFine) = (training.AsPlanned(arguments, options), stage.Part == RunFolder.FinePart);
                plan.Write(
                    terminal,
                    arguments,
                    PlanReport.Of($"the {stage.Part} stage", isFine, size, planned, run.Data, training.PlansCuda(arguments), run.Assumed));
                return;
            }

            Run(terminal, arguments, training, stage, size, options, arguments.GetValue(initial), cancellation);
        });
        return command;
    }

    private static void Run(
        Terminal terminal,
        ParseResult arguments,
        TrainingArguments training,
        Stage stage,
        TransformerSize size,
        TrainingOptions options,
        string? initialWeights,
        CancellationToken cancellation)
    {
        var initial = initialWeights is null ? null : InitialWeights.Find(initialWeights);
        TorchThreads.UseAllCores();
        var folder = training.Folder(arguments);
        folder.Require(folder.Tokenizer);
        using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(
            folder.Tokenizer, config => new VqTokenizer(config), training.Device(arguments));
        using var held = folder.Lock();
        var validator = new RunValidator(terminal.Error.WriteLine);
        var tokens = new RunTokens(terminal, folder, tokenizer);
        var imageSize = validator.ImageSize(
            folder.Tokenizer, training.RequestedImageSize(arguments) ?? tokens.ImageSize, TrainingArguments.UsualImageSize);
        UsageException.ThrowIfAny(
        [
            tokenizer.Config.SideProblem("--image-size", imageSize),
            training.HasData(arguments) || tokens.AreComplete
                ? null : $"Option '--data' is required, because '{folder.Path}' has no complete tokens. Name the images, or run 'ctf tokenize' before",
        ]);
        folder.Require(folder.ClusterMap);
        var run = training.Run(arguments, Augmentation.None, options) with { InitialWeights = initial };
        run.RequireStart(stage.ResultName);
        var images = training.Images(arguments, imageSize, tokens, cancellation);
        var madeFrom = images?.Train.MadeFrom(tokenizer) ?? tokens.RecordOf(ImageDatasetReader.TrainSplit) ?? PartRecord.Empty;
        var map = CompareParts(folder, stage, validator, madeFrom, tokenizer, run.AcceptChanges);
        TokenSet Tokens(string split, TokenizedImages? of) =>
            of is null ? tokens.Open(split) : tokens.OpenOrCompute(split, of, run.AcceptChanges, cancellation);
        using var train = Tokens(ImageDatasetReader.TrainSplit, images?.Train);
        using var test = Tokens(ImageDatasetReader.TestSplit, images?.Test);
        var inputs = new StageInputs(tokenizer, map, train, test);
        ConsoleProgress.Run(terminal, stage.Part, progress => stage.Train(inputs, size, run, progress, cancellation));
    }

    /// <summary>Compares the parts of the run before anything is computed; returns the cluster map.</summary>
    private static ClusterMap CompareParts(RunFolder folder, Stage stage, RunValidator validator, PartRecord images, VqTokenizer tokenizer, bool acceptChanges)
    {
        var map = ClusterMap.Load(folder.ClusterMap);
        var now = images.With(PartRecord.ClusterMap, ClusterMapIdentity.Of(map));
        validator.RequireImages(folder.Tokenizer, now, acceptChanges);
        RunValidator.RequireMap(folder.ClusterMap, map, tokenizer);
        stage.Compare(validator, folder, now);
        return map;
    }
}
