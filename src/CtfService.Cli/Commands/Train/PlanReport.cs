using System.Globalization;
using CtfService.Cli.Reports;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Planning;
using Spectre.Console;

namespace CtfService.Cli.Commands.Train;

/// <summary>The plan of a training, for <c>--plan</c>.</summary>
/// <param name="Stage">What is trained, such as the coarse stage.</param>
/// <param name="Size">Name of the published size; null if it has none.</param>
/// <param name="Assumed">What the plan does not know and assumes.</param>
internal sealed record PlanReport(
    string Stage, string? Size, StagePlan Plan, TrainingOptions Options, PlannedData Data, IReadOnlyList<string> Assumed)
{
    /// <summary>Plans a training. Allocates no model.</summary>
    /// <param name="assumed">What of <paramref name="data"/> is assumed.</param>
    public static PlanReport Of(
        string stage, bool isFine, TransformerSize size, TrainingOptions options, PlannedData data, bool isCuda, params IReadOnlyList<string> assumed)
    {
        var config = data.Config(size, options.Dropout, isFine);
        var scoring = isFine ? HeadScoring.OfMembers(data.Codewords, data.CompetingCodewords) : HeadScoring.Whole(config);
        var rows = BatchPart.Split(options.BatchSize, options.Accumulate).Max(part => part.Count);
        var planned = new PlannedStage(config, rows, scoring, options.UseBfloat16, isCuda);
        return new PlanReport(stage, PublishedTransformers.ShortNameOf(size), StagePlan.Of(planned, data, options), options, data, assumed);
    }

    /// <summary>Share of the peak speed that large models reach in practice; measure your own with bench/gpu/train.sh.</summary>
    private const double Utilisation = 0.4;

    /// <summary>Dense bfloat16 operations per second, from the vendor's data sheets.</summary>
    private static readonly (string Device, double FlopsPerSecond)[] Devices = [("A100", 312e12), ("H100", 989e12)];

    /// <summary>The plan as JSON.</summary>
    public object Json => new
    {
        Stage,
        Size,
        Model = new
        {
            Plan.Config.Width,
            Plan.Config.Layers,
            Plan.Config.Heads,
            Plan.Config.FeedForwardWidth,
            Plan.Config.InputVocabulary,
            Plan.Config.OutputVocabulary,
            Plan.Config.Positions,
            Classes = Plan.Config.ClassCount,
        },
        Plan.Parameters,
        MemoryBytes = Plan.Memory,
        DiskBytes = Plan.Disk,
        Plan.StepFlops,
        Plan.TotalFlops,
        Plan.Steps,
        Epochs = Math.Round(Plan.Epochs, 3),
        Assumed,
    };

    public IEnumerable<Table> Tables()
    {
        yield return Model();
        yield return Memory();
        yield return Work();
        yield return Disk();
        yield return Paper();
    }

    private Table Model()
    {
        var config = Plan.Config;
        var blocks = Plan.Parameters - Plan.EmbeddingParameters - Plan.HeadParameters - config.Width;
        return Rows(
            $"Model of {Stage}{(Size is null ? "" : $", size {Size}")}",
            ("parameters", ReportText.Number(Plan.Parameters)),
            ("blocks", $"{ReportText.Number(blocks)}: {config.Layers} of width {config.Width}, {config.Heads} heads, feed-forward {config.FeedForwardWidth}"),
            ("tables", $"{ReportText.Number(Plan.EmbeddingParameters)}: {config.ClassCount:N0} classes and the null class, {config.InputVocabulary:N0} labels"),
            ("head", $"{ReportText.Number(Plan.HeadParameters)}: {config.OutputVocabulary:N0} {(config.Causal ? "labels" : "codewords")}"),
            ("positions", $"{config.Positions:N0} of an image"));
    }

    private Table Memory() => Rows(
        "Memory of a step",
        ("batch", $"{Options.BatchSize} images{(Options.Accumulate > 1 ? $" in {Options.Accumulate} parts" : "")}"),
        ("products in", Options.UseBfloat16 ? "bfloat16" : "float32"),
        ("weights", ReportText.Size(Plan.Memory.Weights)),
        ("gradients", ReportText.Size(Plan.Memory.Gradients)),
        ("Adam", ReportText.Size(Plan.Memory.Adam)),
        ("EMA", ReportText.Size(Plan.Memory.Average)),
        ("activations", ReportText.Size(Plan.Memory.Activations)),
        ("logits and loss", ReportText.Size(Plan.Memory.Loss)),
        ("tokenizer", ReportText.Size(Plan.Memory.Tokenizer)),
        ("program", ReportText.Size(Plan.Memory.Program)),
        ("peak", ReportText.Size(Plan.Memory.Peak)));

    private Table Work() => Rows(
        "Work",
        [
            ("FLOPs of a step", Flops(Plan.StepFlops)),
            ("steps", $"{Text(Plan.Steps)}, {Text(Math.Round(Plan.Epochs, 2))} epochs of {Text(Data.Images)} images"),
            ("FLOPs", Flops(Plan.TotalFlops)),
            .. Devices.Select(device => (
                $"one {device.Device}, {Utilisation:P0}",
                Time(TimeSpan.FromSeconds(Plan.TotalFlops / (Utilisation * device.FlopsPerSecond))))),
        ]);

    private Table Disk() => Rows(
        "Disk",
        ("tokens", ReportText.Size(Plan.Disk.Tokens)),
        ("checkpoint", $"{ReportText.Size(Plan.Disk.Checkpoint)}, twice while it is replaced"),
        ("result", ReportText.Size(Plan.Disk.Result)),
        ("peak", ReportText.Size(Plan.Disk.Peak)));

    private Table Paper()
    {
        var table = new Table { Title = new TableTitle("Beside the paper (ImageNet, 256x256 pixels)") }.AddColumns("setting", "here", "paper");
        void Row(string setting, IFormattable here, IFormattable paper) => table.AddRow(setting, Text(here), Text(paper));
        Row("batch", Options.BatchSize, PublishedTraining.BatchSize);
        Row("learning rate", Options.LearningRate, PublishedTraining.LearningRate);
        table.AddRow("schedule", Options.FinalLearningRateShare == 1 ? "constant" : "cosine", "constant");
        Row("warm-up steps", Options.WarmupSteps, 0);
        Row("steps", Options.Steps, PublishedTraining.Steps);
        Row("epochs", Math.Round(Plan.Epochs, 2), PublishedTraining.Epochs);
        table.AddRow("AdamW betas", $"{Text(Options.Beta1)}, {Text(Options.Beta2)}", $"{Text(TrainingOptions.UsualBeta1)}, {Text(TrainingOptions.UsualBeta2)}");
        Row("weight decay", Options.WeightDecay, PublishedTraining.WeightDecay);
        Row("gradient norm", Options.MaxGradientNorm, PublishedTraining.MaxGradientNorm);
        Row("dropout", Options.Dropout, TrainingOptions.UsualDropout);
        Row("class dropout", Options.ClassDropout, TrainingOptions.UsualDropout);
        Row("clusters", Data.Clusters, PublishedTraining.Clusters);
        Row("codewords", Data.Codewords, PublishedTraining.Codewords);
        table.AddRow("EMA decay", Text(Options.EmaDecay), "none, or 0.9999");
        table.AddRow("guidance scale of the images", "", Text(PublishedTraining.Guidance));
        if (Size is not null && PublishedTraining.Figures(Size) is { } figures)
        {
            table.AddRow("FID, plain and coarse to fine", "", $"{Text(figures.PlainFid)}, {Text(figures.CoarseToFineFid)}");
        }

        return table;
    }

    private static Table Rows(string title, params IReadOnlyList<(string Name, string Value)> rows)
    {
        var table = new Table { Title = new TableTitle(title) }.AddColumns("part", "value").HideHeaders();
        foreach (var (name, value) in rows)
        {
            table.AddRow(name, value);
        }

        return table;
    }

    private static string Text(IFormattable value) => value.ToString("#,0.######", CultureInfo.InvariantCulture);

    private static string Flops(double flops) => flops switch
    {
        >= 1e18 => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e18:#,0.00} EFLOP"),
        >= 1e15 => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e15:0.00} PFLOP"),
        >= 1e12 => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e12:0.00} TFLOP"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e9:0.00} GFLOP"),
    };

    private static string Time(TimeSpan time) => time.TotalHours >= 48
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0.0} days")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.0} hours");
}
