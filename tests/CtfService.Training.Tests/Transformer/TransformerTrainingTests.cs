using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using CtfService.Training.Tests.Tokens;
using CtfService.Training.Tokenizer;
using CtfService.Training.Tokens;
using CtfService.Training.Transformer;

namespace CtfService.Training.Tests.Transformer;

/// <summary>Trains all parts on a toy data set: tokenizer, clusters, coarse and fine stage.</summary>
public sealed class TransformerTrainingTests
{
    [Fact]
    public void Training_TwoColours_LowersEveryLoss()
    {
        using var folder = new TemporaryFolder();
        var dataset = TwoColours();

        TokenizerTraining.Run(dataset, dataset, TinyTokenizer.Config, Run(folder, "tokenizer", steps: 40), NoProgress.Instance, CancellationToken.None);
        var path = Path.Combine(folder.Root, "tokenizer", TokenizerTraining.ResultName);
        var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(path, read => new VqTokenizer(read));
        var map = ClusterMap.Compute(tokenizer.Quantizer.Codewords().detach(), 4, seed: 0);
        var cache = Tokens(folder, tokenizer, dataset);
        using var inputs = new StageInputs(tokenizer, map, cache, cache);
        var size = new TransformerSize(Width: 32, Layers: 1, Heads: 4);
        TransformerTraining.TrainCoarse(inputs, size, Run(folder, "coarse", steps: 40), NoProgress.Instance, CancellationToken.None);
        TransformerTraining.TrainFine(inputs, size, FineHead.Cluster, Run(folder, "fine", steps: 40), NoProgress.Instance, CancellationToken.None);

        AssertLossFell(folder, "tokenizer", 0.85);
        AssertLossFell(folder, "coarse", 0.9);
        TransformerTraining.TrainFine(inputs, size, FineHead.Codebook, Run(folder, "codebook-head", steps: 40), NoProgress.Instance, CancellationToken.None);

        AssertLossFell(folder, "fine", 0.95);
        AssertLossFell(folder, "codebook-head", 0.95);
    }

    [Fact]
    public void TrainCoarse_HeldOutTokensOfAnotherImageSize_AreRefusedBeforeTheTraining()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = TinyTokenizer.Create();
        using var inputs = new StageInputs(
            tokenizer,
            ClusterMap.Compute(tokenizer.Quantizer.Codewords().detach(), 4, seed: 0),
            TokenSets.MadeUp(folder.File("train"), rows: 256, positions: 16, codebookSize: 4, classes: 2),
            TokenSets.MadeUp(folder.File("test"), rows: 256, positions: 64, codebookSize: 4, classes: 2));

        var error = Assert.Throws<CheckpointException>(() => TransformerTraining.TrainCoarse(
            inputs, new TransformerSize(Width: 32, Layers: 1, Heads: 4), Run(folder, "coarse", steps: 2), NoProgress.Instance, CancellationToken.None));

        Assert.Contains("have 64 tokens an image, those of the training images 16", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_WithProgress_ReportsItsInputsAndTokenizing()
    {
        using var folder = new TemporaryFolder();
        var dataset = TwoColours();
        var watched = new WatchedProgress();

        TokenizerTraining.Run(dataset, dataset, TinyTokenizer.Config, Run(folder, "tokenizer", steps: 2), watched, CancellationToken.None);
        var path = Path.Combine(folder.Root, "tokenizer", TokenizerTraining.ResultName);
        var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(path, read => new VqTokenizer(read));
        watched.Reports.Clear();
        var cache = Tokens(folder, tokenizer, dataset, watched);
        var tokenised = watched.Reports.Select(report => (report.Step, report.TotalSteps)).ToList();
        using var inputs = new StageInputs(tokenizer, ClusterMap.Compute(tokenizer.Quantizer.Codewords().detach(), 4, seed: 0), cache, cache);
        TransformerTraining.TrainCoarse(
            inputs, new TransformerSize(Width: 32, Layers: 1, Heads: 4), Run(folder, "coarse", steps: 2), watched, CancellationToken.None);

        Assert.Equal([(32, 32)], tokenised);
        Assert.StartsWith("32 training and 32 test images of 2 classes, 16x16 pixels, ", watched.Notes[0], StringComparison.Ordinal);
        Assert.EndsWith("; 2 steps of 8 images, 0.5 epochs.", watched.Notes[0], StringComparison.Ordinal);
        Assert.Equal($"Saved {path}.", watched.Notes[1]);
        Assert.StartsWith("64 training and 64 test images, mirror images included, of 2 classes, ", watched.Notes[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Training_EachCodewordItsOwnCluster_IsBundledAsAPlainModel()
    {
        using var folder = new TemporaryFolder();
        var dataset = TwoColours();
        var path = TinyTokenizer.Write(folder.File("tokenizer.safetensors"));
        var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(path, read => new VqTokenizer(read));
        var map = ClusterMap.Compute(tokenizer.Quantizer.Codewords().detach(), TinyTokenizer.Config.CodebookSize, seed: 0);
        map.Save(folder.File("map.safetensors"));
        var cache = Tokens(folder, tokenizer, dataset);
        using var inputs = new StageInputs(tokenizer, map, cache, cache);
        var size = new TransformerSize(Width: 32, Layers: 1, Heads: 4);

        TransformerTraining.TrainCoarse(inputs, size, Run(folder, "coarse", steps: 2), NoProgress.Instance, CancellationToken.None);
        var parts = new TrainedParts(path, folder.File("map.safetensors"), folder.File("coarse/coarse.safetensors"), Fine: folder.File("no such file"));
        var sampling = new SamplingDefaults(new SamplingSettings(), new SamplingSettings());
        var text = new BundleText("plain", dataset.ClassNames, sampling, new Dictionary<string, string>(), DataLicence: null);
        BundlePacker.Pack(parts, folder.File("bundle"), text);

        using var generator = ServingEngine.Load(folder.File("bundle"), rows: 2, TorchSharp.torch.CPU, CancellationToken.None);
        Assert.False(generator.Model.HasFineStage);
        Assert.Equal(TinyTokenizer.Config.CodebookSize, generator.Model.ClusterCount);
        var image = Assert.Single(generator.Generate([new ImageSpecification(0, 1, new SamplingSettings(), new SamplingSettings())], CancellationToken.None));
        Assert.Equal(image.CoarseLabels, image.Tokens);
        var refusal = Assert.Throws<CheckpointException>(
            () => TransformerTraining.TrainFine(inputs, size, FineHead.Cluster, Run(folder, "fine", steps: 2), NoProgress.Instance, CancellationToken.None));
        Assert.Contains("the model has no fine stage", refusal.Message, StringComparison.Ordinal);
    }

    private sealed class WatchedProgress : ITrainingProgress
    {
        public List<string> Notes { get; } = [];

        public List<TrainingReport> Reports { get; } = [];

        public void Report(TrainingReport report) => Reports.Add(report);

        public void Note(string text) => Notes.Add(text);
    }

    private static TokenSet Tokens(TemporaryFolder folder, VqTokenizer tokenizer, ImageDataset dataset, ITrainingProgress? progress = null)
    {
        var images = new TokenizedImages("two colours", 16, () => new DatasetWalk(dataset));
        Tokenization.Run(folder.File("tokens"), tokenizer, images, progress ?? NoProgress.Instance, CancellationToken.None);
        return TokenSet.Open(folder.File("tokens"));
    }

    private static void AssertLossFell(TemporaryFolder folder, string part, double share)
    {
        var losses = File.ReadLines(Path.Combine(folder.Root, part, "metrics.jsonl"))
            .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("loss", out _))
            .Select(line => line.GetProperty("loss").GetDouble())
            .ToList();
        Assert.True(losses[^1] < share * losses[0], $"{part}: loss went from {losses[0]} to {losses[^1]}.");
    }

    private static TrainingRun Run(TemporaryFolder folder, string part, long steps) => new(
        new TrainingOptions
        {
            RunDirectory = Path.Combine(folder.Root, part),
            Steps = steps,
            BatchSize = 8,
            WarmupSteps = 5,
            LearningRate = 3e-3,
            UseBfloat16 = false,
            EmaDecay = 0.8,
        },
        Resume: false,
        Augmentation.None);

    private static ImageDataset TwoColours()
    {
        byte[] Image(int i) => [.. Enumerable.Range(0, 16 * 16).SelectMany(pixel => new[] { (byte)(i % 2 * 200), (byte)(pixel + i), (byte)(255 - pixel) })];
        return new ImageDataset(16, 16, ["blue", "red"], [.. Enumerable.Range(0, 32).Select(i => new LabelledImage(Image(i), i % 2))]);
    }
}
