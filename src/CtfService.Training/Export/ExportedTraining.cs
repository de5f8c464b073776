using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Planning;

namespace CtfService.Training.Export;

/// <summary>The configuration of a run for a trainer in PyTorch, as <c>training.json</c>.</summary>
/// <param name="ImageSize">Side of the images, pixels.</param>
/// <param name="Images">Training images.</param>
/// <param name="Crops">Variants of each image.</param>
/// <param name="ClassNames">The index is the class id.</param>
/// <param name="Coarse">The coarse stage, which LlamaGen's train_c2i.py trains as it is.</param>
/// <param name="Fine">The fine stage, which needs a trainer without a causal mask; null if each codeword is its own cluster.</param>
public sealed record ExportedTraining(
    int ImageSize, int Images, int Crops, int Codewords, int Clusters, IReadOnlyList<string> ClassNames, ExportedStage Coarse, ExportedStage? Fine)
{
    public int FormatVersion { get; } = 1;
}

/// <summary>A stage for a trainer in PyTorch.</summary>
/// <param name="Inputs">Folder with the code files of what the stage reads, below the export.</param>
/// <param name="Targets">Folder with the code files of what it predicts.</param>
/// <param name="Attention">causal or full. With full attention, position t of the input predicts position t of the target; the class is in front.</param>
/// <param name="Architecture">As in a bundle's manifest.</param>
/// <param name="Arguments">Arguments of LlamaGen's train_c2i.py; null if it cannot train the stage.</param>
/// <param name="Optimizer">The paper's settings.</param>
public sealed record ExportedStage(
    string Inputs, string Targets, string Attention, TransformerConfig Architecture, IReadOnlyList<string>? Arguments, ExportedOptimizer Optimizer);

/// <summary>The paper's optimizer.</summary>
public sealed record ExportedOptimizer
{
    public string Name { get; } = "AdamW";

    public int GlobalBatchSize { get; } = PublishedTraining.BatchSize;

    public double LearningRate { get; } = PublishedTraining.LearningRate;

    public string Schedule { get; } = "constant";

    public int Epochs { get; } = PublishedTraining.Epochs;

    public double WeightDecay { get; } = PublishedTraining.WeightDecay;

    public double Beta1 { get; } = TrainingOptions.UsualBeta1;

    public double Beta2 { get; } = TrainingOptions.UsualBeta2;

    public double MaxGradientNorm { get; } = PublishedTraining.MaxGradientNorm;

    public double ClassDropout { get; } = TrainingOptions.UsualDropout;
}
