using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.Training.Clusters;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments.Plan;

/// <summary>
/// An experiment file: which models are trained, how they are sampled, and which tables and curves compare them. All of them read one tokenizer and one data
/// set. Property names are written in snake_case.
/// </summary>
public sealed record ExperimentPlan
{
    public required string Name { get; init; }

    /// <summary>What the results say, in Markdown, at the top of the report.</summary>
    public string Text { get; init; } = "";

    /// <summary>Side the images are scaled to, pixels.</summary>
    public int ImageSize { get; init; } = 64;

    public TokenizerPlan Tokenizer { get; init; } = new();

    public ClassifierPlan Classifier { get; init; } = new();

    /// <summary>Of every transformer, so that the comparison is fair.</summary>
    public TrainingPlan Training { get; init; } = new();

    /// <summary>Size of causal transformers.</summary>
    public TransformerSize Coarse { get; init; } = new(Width: 128, Layers: 4, Heads: 4);

    /// <summary>Size of fine transformers.</summary>
    public TransformerSize Fine { get; init; } = new(Width: 128, Layers: 4, Heads: 4);

    /// <summary>Where a table row or curve does not say.</summary>
    public SamplingDefaults Sampling { get; init; } = new(new SamplingSettings(), new SamplingSettings());

    /// <summary>Images drawn of each class in every evaluation.</summary>
    public int ImagesPerClass { get; init; } = 50;

    public required IReadOnlyList<ModelPlan> Models { get; init; }

    public CurvePlan? Curve { get; init; }

    public IReadOnlyList<TablePlan> Tables { get; init; } = [];

    public SpeedPlan? Speed { get; init; }

    public SwapPlan? Swaps { get; init; }
}

/// <summary>How the tokenizer is trained where none is given.</summary>
public sealed record TokenizerPlan
{
    public int CodebookSize { get; init; } = 4096;

    /// <inheritdoc cref="Model.Tokenizer.TokenizerConfig.BaseWidth"/>
    public int BaseWidth { get; init; } = 32;

    /// <summary>Width of each level over the base width; each level after the first halves the sides.</summary>
    public IReadOnlyList<int> Multipliers { get; init; } = [1, 3, 4];

    /// <inheritdoc cref="Model.Tokenizer.TokenizerConfig.ResidualBlocks"/>
    public int ResidualBlocks { get; init; } = 1;

    /// <inheritdoc cref="Model.Tokenizer.TokenizerConfig.PatchSize"/>
    public int PatchSize { get; init; } = 2;

    public long Steps { get; init; } = 3000;

    public int BatchSize { get; init; } = 16;

    public double LearningRate { get; init; } = 6e-4;

    /// <summary>The architecture.</summary>
    internal TokenizerConfig Config() => new()
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

/// <summary>How the classifier that judges images is trained.</summary>
public sealed record ClassifierPlan
{
    public int Steps { get; init; } = 500;
}

/// <summary>
/// How every transformer is trained. The rate stays at its peak after the warm-up and the weights are averaged, so that the weights after any step are what a
/// run of that length gives.
/// </summary>
public sealed record TrainingPlan
{
    public long Steps { get; init; } = 2000;

    public int BatchSize { get; init; } = 32;

    public double LearningRate { get; init; } = 1e-3;

    public long WarmupSteps { get; init; } = 200;

    public double EmaDecay { get; init; } = 0.998;

    /// <summary>Steps between checkpoints, from which an interrupted training goes on.</summary>
    public long CheckpointEvery { get; init; } = 100;
}

/// <summary>One kind of model, trained once for each seed.</summary>
public sealed record ModelPlan
{
    /// <summary>What tables, curves and measurements call it.</summary>
    public required string Name { get; init; }

    /// <summary>C; left out by a plain model, whose causal transformer reads and predicts tokens.</summary>
    public int? Clusters { get; init; }

    public ClusterKind ClusterKind { get; init; } = ClusterKind.Kmeans;

    public IReadOnlyList<ulong> Seeds { get; init; } = [0];

    /// <summary>Training steps of each transformer; the experiment's where left out.</summary>
    public long? Steps { get; init; }

    /// <summary>The experiment's where left out.</summary>
    public TransformerSize? Coarse { get; init; }

    /// <summary>The experiment's where left out.</summary>
    public TransformerSize? Fine { get; init; }

    /// <summary>Which codewords the fine stage is trained to tell apart.</summary>
    public FineHead FineHead { get; init; } = FineHead.Cluster;

    /// <summary>No clusters, no fine stage.</summary>
    public bool IsPlain => Clusters is null;
}

/// <summary>Learning curves: the models are evaluated at these steps and at their last.</summary>
public sealed record CurvePlan
{
    public required IReadOnlyList<string> Models { get; init; }

    public required IReadOnlyList<long> Steps { get; init; }
}

/// <summary>A table of the results, one evaluation (for each seed) a row.</summary>
public sealed record TablePlan
{
    public required string Title { get; init; }

    /// <summary>What the first column holds, such as "clusters".</summary>
    public required string Subject { get; init; }

    /// <summary>What to read out of it; a paragraph under the table.</summary>
    public string Text { get; init; } = "";

    public required IReadOnlyList<RowPlan> Rows { get; init; }
}

/// <summary>A model with the sampling it is judged with.</summary>
public sealed record RowPlan
{
    /// <summary>First column.</summary>
    public required string Label { get; init; }

    public required string Model { get; init; }

    /// <summary>Training steps of the weights; the last where left out.</summary>
    public long? AtStep { get; init; }

    /// <summary>In place of the experiment's, whole: what is left out here is neutral.</summary>
    public SamplingSettings? Coarse { get; init; }

    /// <inheritdoc cref="Coarse"/>
    public SamplingSettings? Fine { get; init; }

    /// <summary>Which codewords fine labels are drawn from; serving always takes the cluster's.</summary>
    public FineHead DrawFrom { get; init; } = FineHead.Cluster;

    /// <summary>Figures of the paper to stand beside ours, by metric.</summary>
    public IReadOnlyDictionary<string, double> Paper { get; init; } = new Dictionary<string, double>();
}

/// <summary>What is timed: sampling with the engine that serves, and training steps.</summary>
public sealed record SpeedPlan
{
    /// <summary>The first is what the others are compared with.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Images that start together.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 32];

    public int Runs { get; init; } = 5;
}

/// <summary>The codeword-swap study.</summary>
public sealed record SwapPlan
{
    public required IReadOnlyList<int> Clusters { get; init; }

    /// <summary>Test images, evenly spread.</summary>
    public int Images { get; init; } = 192;
}
