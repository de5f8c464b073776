using CtfService.Model.Transformer;
using CtfService.Training.Optimization;

namespace CtfService.Training.Planning;

/// <summary>What a training of a transformer will take, computed before anything is allocated.</summary>
/// <param name="Parameters">Number of all weights.</param>
/// <param name="EmbeddingParameters">Those of the tables of classes and labels.</param>
/// <param name="HeadParameters">Those of the output head.</param>
/// <param name="StepFlops">Floating-point operations of a step (<see cref="TransformerCost.TrainingFlops"/>).</param>
/// <param name="Steps">Training steps.</param>
/// <param name="Epochs">How often each image is seen, in one variant or another.</param>
public sealed record StagePlan(
    TransformerConfig Config, long Parameters, long EmbeddingParameters, long HeadParameters, MemoryPlan Memory, DiskPlan Disk, double StepFlops, long Steps,
    double Epochs)
{
    /// <summary>Floating-point operations of the whole training.</summary>
    public double TotalFlops => StepFlops * Steps;

    /// <param name="stage">The training of a step.</param>
    /// <param name="data">What it is trained on.</param>
    public static StagePlan Of(PlannedStage stage, PlannedData data, TrainingOptions options) => new(
        stage.Config,
        TransformerCost.Parameters(stage.Config),
        TransformerCost.EmbeddingParameters(stage.Config),
        TransformerCost.HeadParameters(stage.Config),
        MemoryPlan.Of(stage, data.TokenizerBytes),
        DiskPlan.Of(stage.Config, data.Images * data.Variants, data.Codewords),
        TransformerCost.TrainingFlops(stage.Config, options.BatchSize, stage.Scoring.Scored(stage.Config)),
        options.Steps,
        (double)options.Steps * options.BatchSize / data.Images);
}

/// <summary>What a stage is trained on, as far as a plan needs to know it.</summary>
/// <param name="Images">Training images.</param>
/// <param name="Variants">Rows of tokens of each image: the image and its mirror image, or its crops.</param>
/// <param name="LargestCluster">Codewords of the largest cluster; null if the map is not known.</param>
/// <param name="TokenizerBytes">Length of the tokenizer's weights.</param>
public sealed record PlannedData(int GridSide, int Classes, long Images, int Variants, int Codewords, int Clusters, int? LargestCluster, long TokenizerBytes)
{
    /// <summary>ImageNet with the published tokenizer, each image and its mirror image.</summary>
    public static PlannedData ImageNet { get; } = new(
        PublishedTraining.GridSide,
        PublishedTraining.Classes,
        PublishedTraining.Images,
        Variants: 2,
        PublishedTraining.Codewords,
        PublishedTraining.Clusters,
        LargestCluster: null,
        PublishedTraining.TokenizerBytes);

    /// <summary>Codewords of the largest cluster; if the map is not known, a multiple of the average.</summary>
    public int CompetingCodewords => LargestCluster ?? Math.Min(Codewords, UsualRatio * Codewords / Clusters);

    /// <summary>Largest cluster of k-means over a codebook, as a multiple of the average.</summary>
    private const int UsualRatio = 3;

    /// <summary>Returns the architecture of a stage that is trained on these data.</summary>
    public TransformerConfig Config(TransformerSize size, double dropout, bool isFine) => new()
    {
        Width = size.Width,
        Layers = size.Layers,
        Heads = size.Heads,
        InputVocabulary = Clusters,
        OutputVocabulary = isFine ? Codewords : Clusters,
        ClassCount = Classes,
        GridHeight = GridSide,
        GridWidth = GridSide,
        Causal = !isFine,
        FeedForwardMultiple = size.FeedForwardMultiple,
        Dropout = (float)dropout,
    };
}
