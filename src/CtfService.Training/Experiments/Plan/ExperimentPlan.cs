using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Clusters;
using CtfService.Training.Optimization;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments.Plan;

/// <summary>
/// The content of an experiment file: which models are trained, how they are sampled, and which tables and curves compare them. All models share one tokenizer
/// and one data set. Property names are in snake_case.
/// </summary>
public sealed record ExperimentPlan
{
    public required string Name { get; init; }

    /// <summary>Summary of the results in Markdown, at the top of the report.</summary>
    public string Text { get; init; } = "";

    /// <summary>Side that the images are scaled to, pixels.</summary>
    public int ImageSize { get; init; } = 64;

    public TokenizerPlan Tokenizer { get; init; } = new();

    public ClassifierPlan Classifier { get; init; } = new();

    /// <summary>Training of every transformer; shared, so that the comparison is fair.</summary>
    public TrainingPlan Training { get; init; } = new();

    /// <summary>Default size of causal transformers.</summary>
    public TransformerSize Coarse { get; init; } = new(Width: 128, Layers: 4, Heads: 4);

    /// <summary>Default size of fine transformers.</summary>
    public TransformerSize Fine { get; init; } = new(Width: 128, Layers: 4, Heads: 4);

    /// <summary>Default sampling of table rows, and sampling of curves.</summary>
    public SamplingDefaults Sampling { get; init; } = new(new SamplingSettings(), new SamplingSettings());

    /// <summary>Images per class in every evaluation.</summary>
    public int ImagesPerClass { get; init; } = 50;

    public required IReadOnlyList<ModelPlan> Models { get; init; }

    public CurvePlan? Curve { get; init; }

    public IReadOnlyList<TablePlan> Tables { get; init; } = [];

    public SpeedPlan? Speed { get; init; }

    public SwapPlan? Swaps { get; init; }

    /// <summary>Whether each model is packed into a bundle, with the sampling of the experiment as its defaults.</summary>
    public bool Bundles { get; init; }

    /// <summary>Whether generated images are judged, which needs a classifier and the features of the real images.</summary>
    internal bool HasEvaluations => Tables.Count > 0 || Curve is not null || Swaps is not null;
}

/// <summary>How the tokenizer is trained if none is given.</summary>
public sealed record TokenizerPlan
{
    /// <summary>Name of a published tokenizer, such as VQ-16, whose file must be given; the other settings do not apply then.</summary>
    public string? Published { get; init; }

    public int CodebookSize { get; init; } = 4096;

    /// <inheritdoc cref="Model.Tokenizer.TokenizerConfig.BaseWidth"/>
    public int BaseWidth { get; init; } = 32;

    /// <summary>Width of each level as a multiple of the base width; each level after the first halves the sides.</summary>
    public IReadOnlyList<int> Multipliers { get; init; } = [1, 3, 4];

    /// <inheritdoc cref="Model.Tokenizer.TokenizerConfig.ResidualBlocks"/>
    public int ResidualBlocks { get; init; } = 1;

    /// <inheritdoc cref="Model.Tokenizer.TokenizerConfig.PatchSize"/>
    public int PatchSize { get; init; } = 2;

    public long Steps { get; init; } = 3000;

    public int BatchSize { get; init; } = 16;

    public double LearningRate { get; init; } = 6e-4;

    /// <summary>Returns the architecture.</summary>
    internal TokenizerConfig Config() => Published is { } name && PublishedTokenizers.Configs.TryGetValue(name, out var published) ? published : new()
    {
        BaseWidth = BaseWidth,
        EncoderMultipliers = Multipliers,
        DecoderMultipliers = Multipliers,
        ResidualBlocks = ResidualBlocks,
        LatentWidth = (Multipliers is [.., var last] ? last : 0) * BaseWidth,
        CodebookSize = CodebookSize,
        PatchSize = PatchSize,
    };
}

/// <summary>How the classifier is trained.</summary>
public sealed record ClassifierPlan
{
    public int Steps { get; init; } = 500;
}

/// <summary>
/// How every transformer is trained. The learning rate stays at its peak after the warm-up and the weights are averaged, so the weights after any step are the
/// result of a run of that length.
/// </summary>
public sealed record TrainingPlan
{
    /// <summary>Training steps, unless <see cref="Epochs"/> are given.</summary>
    public long Steps { get; init; } = 2000;

    /// <summary>Passes over <see cref="EpochImages"/> images, in whole batches, instead of <see cref="Steps"/>.</summary>
    public long? Epochs { get; init; }

    /// <summary>Images of an epoch.</summary>
    public long? EpochImages { get; init; }

    /// <summary>Training steps.</summary>
    public long StepCount => Epochs is { } epochs && EpochImages is { } images ? epochs * (images / Math.Max(BatchSize, 1)) : Steps;

    public int BatchSize { get; init; } = 32;

    /// <summary>Parts of the batch that are trained one after another, so that a large batch fits into memory.</summary>
    public int Accumulate { get; init; } = 1;

    public double LearningRate { get; init; } = 1e-3;

    public long WarmupSteps { get; init; } = 200;

    public double EmaDecay { get; init; } = 0.998;

    public double WeightDecay { get; init; } = 0.05;

    public double Beta1 { get; init; } = TrainingOptions.UsualBeta1;

    public double Beta2 { get; init; } = TrainingOptions.UsualBeta2;

    /// <summary>Share of activations that are dropped.</summary>
    public double Dropout { get; init; } = TrainingOptions.UsualDropout;

    /// <summary>Share of the images that are trained without their class.</summary>
    public double ClassDropout { get; init; } = TrainingOptions.UsualDropout;

    /// <summary>Steps between checkpoints, which interrupted trainings resume from.</summary>
    public long CheckpointEvery { get; init; } = 100;
}

/// <summary>A model, trained once for each seed.</summary>
public sealed record ModelPlan
{
    /// <summary>Name that tables, curves and measurements refer to.</summary>
    public required string Name { get; init; }

    /// <summary>Number of clusters C; omitted for a plain model, whose causal transformer reads and predicts tokens.</summary>
    public int? Clusters { get; init; }

    public ClusterKind ClusterKind { get; init; } = ClusterKind.Kmeans;

    public IReadOnlyList<ulong> Seeds { get; init; } = [0];

    /// <summary>Training steps of each transformer; if omitted, those of the experiment.</summary>
    public long? Steps { get; init; }

    /// <summary>Size of the causal transformer; if omitted, that of the experiment.</summary>
    public TransformerSize? Coarse { get; init; }

    /// <summary>Size of the fine transformer; if omitted, that of the experiment.</summary>
    public TransformerSize? Fine { get; init; }

    /// <summary>Codewords that compete for a position when the fine stage is trained.</summary>
    public FineHead FineHead { get; init; } = FineHead.Cluster;

    /// <summary>Whether the model has neither clusters nor a fine stage.</summary>
    public bool IsPlain => Clusters is null;
}

/// <summary>Learning curves: the models are evaluated at these steps and at their last step.</summary>
public sealed record CurvePlan
{
    public required IReadOnlyList<string> Models { get; init; }

    public required IReadOnlyList<long> Steps { get; init; }
}

/// <summary>A table of results; each row is an evaluation, repeated for each seed.</summary>
public sealed record TablePlan
{
    public required string Title { get; init; }

    /// <summary>Title of the first column, such as "clusters".</summary>
    public required string Subject { get; init; }

    /// <summary>Interpretation; a paragraph below the table.</summary>
    public string Text { get; init; } = "";

    public required IReadOnlyList<RowPlan> Rows { get; init; }
}

/// <summary>A model with the sampling of its evaluation.</summary>
public sealed record RowPlan
{
    /// <summary>Text in the first column.</summary>
    public required string Label { get; init; }

    public required string Model { get; init; }

    /// <summary>Training steps of the weights; if omitted, the last step.</summary>
    public long? AtStep { get; init; }

    /// <summary>Replaces the experiment's settings as a whole: omitted fields are neutral.</summary>
    public SamplingSettings? Coarse { get; init; }

    /// <inheritdoc cref="Coarse"/>
    public SamplingSettings? Fine { get; init; }

    /// <summary>Codewords that tokens are sampled from; serving always uses the cluster.</summary>
    public FineHead DrawFrom { get; init; } = FineHead.Cluster;

    /// <summary>Figures of the paper for comparison, by metric.</summary>
    public IReadOnlyDictionary<string, double> Paper { get; init; } = new Dictionary<string, double>();
}

/// <summary>Speed measurements: sampling on the serving engine, and training steps.</summary>
public sealed record SpeedPlan
{
    /// <summary>Models to measure; the first is the baseline.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Numbers of images that start together.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 32];

    public int Runs { get; init; } = 5;
}

/// <summary>The swap study.</summary>
public sealed record SwapPlan
{
    public required IReadOnlyList<int> Clusters { get; init; }

    /// <summary>Number of test images, evenly spaced.</summary>
    public int Images { get; init; } = 192;
}
