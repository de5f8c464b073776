using CtfService.Core.Models;
using CtfService.Model.Tokenizer;
using CtfService.TestSupport;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using CtfService.Training.Tests.Data;
using CtfService.Training.Tests.Data.Formats;
using CtfService.Training.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Tokenizer;

public sealed class DecoderRefinementTests
{
    private static readonly ImageDataset Dataset = TemporaryImages.Dataset(16, 8, 8);

    private static readonly DecoderRefinement Refinement = new(AdversarialWeight: 0.1, DiscriminatorSteps: 2);

    [Fact]
    public void Refine_TrainedTokenizer_MovesTheDecoderAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        var before = TinyTokenizer.Write(Path.Combine(folder.Root, "tokenizer.safetensors"));

        var after = Refine(folder, before, "run");

        using var scope = NewDisposeScope();
        var (old, refined) = (Weights(before), Weights(after));
        foreach (var (name, weight) in old)
        {
            var isDecoder = name.StartsWith("decoder.", StringComparison.Ordinal) || name.StartsWith("post_quant_conv.", StringComparison.Ordinal);
            Assert.True(isDecoder != weight.SequenceEqual(refined[name]), $"{name} {(isDecoder ? "did not move" : "moved")}.");
        }
    }

    [Fact]
    public void Refine_StoppedAndResumed_GivesTheDecoderOfAnUninterruptedRun()
    {
        using var folder = new TemporaryFolder();
        var before = TinyTokenizer.Write(Path.Combine(folder.Root, "tokenizer.safetensors"));
        using var cancellation = new CancellationTokenSource();

        var straight = Refine(folder, before, "straight");
        Assert.Throws<WorkStoppedException>(() => Refine(folder, before, "halves", new CancelAtFirstReport(cancellation), cancellation: cancellation.Token));
        var resumed = Refine(folder, before, "halves", resume: true);

        Assert.Equal(Weights(straight)["decoder.conv_out.weight"], Weights(resumed)["decoder.conv_out.weight"]);
    }

    [Fact]
    public void Refine_OnAStreamStoppedAndResumed_GivesTheDecoderOfAnUninterruptedRun()
    {
        using var folder = new TemporaryFolder();
        var before = TinyTokenizer.Write(Path.Combine(folder.Root, "tokenizer.safetensors"));
        var path = StoredSets.WebDataset(folder.File("set"), StoredSets.Plain(20, side: 16));
        ITrainingImages Stream() => ImageDatasetReader.OpenForTraining(path, new DatasetRequest(16) { MemoryLimit = 0 });
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAtFirstReport(cancellation);

        var straight = Refine(folder, before, "straight", images: Stream());
        Assert.Throws<WorkStoppedException>(
            () => Refine(folder, before, "halves", progress, cancellation: cancellation.Token, images: Stream()));
        var resumed = Refine(folder, before, "halves", resume: true, images: Stream());

        Assert.Equal(Weights(straight)["decoder.conv_out.weight"], Weights(resumed)["decoder.conv_out.weight"]);
    }

    [Fact]
    public void Refine_WithAClassifier_LearnsFromIt()
    {
        using var folder = new TemporaryFolder();
        var before = TinyTokenizer.Write(Path.Combine(folder.Root, "tokenizer.safetensors"));
        var path = WriteClassifier(folder, imageSize: 16);

        var without = Refine(folder, before, "without");
        var with = Refine(folder, before, "with", refinement: Refinement with { PerceptualPath = path, PerceptualWeight = 1 });

        Assert.NotEqual(Weights(without)["decoder.conv_out.weight"], Weights(with)["decoder.conv_out.weight"]);
        Assert.Throws<CheckpointException>(() => Refine(folder, before, "damaged", refinement: Refinement with { PerceptualPath = before }));
    }

    [Fact]
    public void Refine_ClassifierOfAnotherSize_SaysHowToMakeOne()
    {
        using var folder = new TemporaryFolder();
        var before = TinyTokenizer.Write(Path.Combine(folder.Root, "tokenizer.safetensors"));

        var refusal = Assert.Throws<CheckpointException>(() =>
            Refine(folder, before, "run", refinement: Refinement with { PerceptualPath = WriteClassifier(folder, imageSize: 32) }));

        Assert.Contains("--image-size 16", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Discriminator_ImagesOfAnySize_ScoresEachPatchAlikeAloneAndInABatch()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var discriminator = new PatchDiscriminator(width: 16);
        var images = rand(3, 3, 32, 24);

        var together = discriminator.call(images);
        var alone = discriminator.call(images.narrow(0, 1, 1));

        Assert.Equal([3, 1, 6, 4], together.shape);
        Assert.True(allclose(together.narrow(0, 1, 1), alone, atol: 1e-5));
    }

    private static string WriteClassifier(TemporaryFolder folder, int imageSize)
    {
        var path = Path.Combine(folder.Root, $"classifier-{imageSize}.safetensors");
        using var classifier = new ImageClassifier(Dataset.ClassNames, imageSize);
        using var generator = new Generator(7);
        classifier.Initialize(generator);
        ClassifierFile.Save(classifier, path, testAccuracy: 0.5);
        return path;
    }

    private static string Refine(
        TemporaryFolder folder,
        string tokenizer,
        string name,
        ITrainingProgress? progress = null,
        bool resume = false,
        DecoderRefinement? refinement = null,
        ITrainingImages? images = null,
        CancellationToken cancellation = default)
    {
        var options = new TrainingOptions
        {
            RunDirectory = Path.Combine(folder.Root, name),
            Steps = 14, // more than the steps between two reports
            BatchSize = 4,
            WarmupSteps = 1,
            LearningRate = 1e-3,
            EmaDecay = 0.5,
            UseBfloat16 = false,
        };
        TokenizerTraining.Refine(
            images ?? Dataset,
            Dataset,
            tokenizer,
            refinement ?? Refinement,
            new TrainingRun(options, resume, Augmentation.None),
            progress ?? NoProgress.Instance,
            cancellation);
        return Path.Combine(options.RunDirectory, TokenizerTraining.ResultName);
    }

    private static Dictionary<string, float[]> Weights(string path)
    {
        using var scope = NewDisposeScope();
        using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(path, config => new VqTokenizer(config));
        return tokenizer.state_dict()
            .Where(entry => entry.Value.is_floating_point())
            .ToDictionary(entry => entry.Key, entry => entry.Value.data<float>().ToArray());
    }

    private sealed class CancelAtFirstReport(CancellationTokenSource cancellation) : ITrainingProgress
    {
        public void Report(TrainingReport report) => cancellation.Cancel();
    }
}
