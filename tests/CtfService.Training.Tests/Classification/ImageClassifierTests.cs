using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using CtfService.Training.Tests.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Classification;

public sealed class ImageClassifierTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Train_TwoColours_LearnsThem()
    {
        var dataset = TwoColours();

        using var classifier = ClassifierTrainer.Train(dataset, new ClassifierTraining { Steps = 30, BatchSize = 8 }, NoProgress.Instance);

        Assert.Equal(1, ClassifierReport.Measure(classifier, dataset).Accuracy);
    }

    [Fact]
    public void Train_Diverges_StopsWithTheStep()
    {
        var training = new ClassifierTraining { Steps = 30, BatchSize = 8, LearningRate = 1e30 };

        var exception = Assert.Throws<TrainingDivergedException>(() => ClassifierTrainer.Train(TwoColours(), training, NoProgress.Instance));

        Assert.Matches("^classifier: the loss 'loss' is (NaN|infinite) at step [0-9]+, so the run stopped.", exception.Message);
    }

    [Fact]
    public void Train_ThreeMoreSteps_LeavesNoTensorsBehind()
    {
        var dataset = TwoColours();
        using (ClassifierTrainer.Train(dataset, new ClassifierTraining { Steps = 1, BatchSize = 2 }, NoProgress.Instance))
        {
        }

        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (ClassifierTrainer.Train(dataset, new ClassifierTraining { Steps = 1, BatchSize = 2 }, NoProgress.Instance))
        {
        }

        var afterOne = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (ClassifierTrainer.Train(dataset, new ClassifierTraining { Steps = 4, BatchSize = 2 }, NoProgress.Instance))
        {
        }

        Assert.Equal(afterOne - before, DisposeScopeManager.Statistics.ThreadTotalLiveCount - afterOne);
    }

    [Fact]
    public void Train_Cancelled_Throws()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => ClassifierTrainer.Train(TwoColours(), new ClassifierTraining(), NoProgress.Instance, stop.Token));
    }

    [Fact]
    public void Load_SavedClassifier_GivesTheSameLogits()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        using var classifier = new ImageClassifier(["red", "green"], 16);
        classifier.Initialize(generator);
        ClassifierFile.Save(classifier, _path, 0.5);

        using var loaded = ClassifierFile.Load(_path);

        var pixels = rand([2, 3, 16, 16], generator: generator);
        Assert.Equal(classifier.forward(pixels).data<float>().ToArray(), loaded.forward(pixels).data<float>().ToArray());
        Assert.Equal([2, ImageClassifier.FeatureWidth], loaded.Features(pixels).shape);
        Assert.Equal(["red", "green"], loaded.ClassNames);
        Assert.Equal(16, loaded.ImageSize);
    }

    [Fact]
    public void Load_OtherSafetensorsFile_SaysItIsNotAClassifier()
    {
        using var weight = zeros(1);
        SafetensorsWriter.Write(_path, [("weight", weight)]);

        var exception = Assert.Throws<CheckpointException>(() => ClassifierFile.Load(_path));

        Assert.Contains("not a classifier", exception.Message, StringComparison.Ordinal);
    }

    private static ImageDataset TwoColours()
    {
        var red = Enumerable.Range(0, 8).Select(i => new LabelledImage(TemporaryImages.Plain(16, 16, (byte)(200 + i), 40, 40).Pixels, 0));
        var green = Enumerable.Range(0, 8).Select(i => new LabelledImage(TemporaryImages.Plain(16, 16, 40, (byte)(200 + i), 40).Pixels, 1));
        return new ImageDataset(16, 16, ["red", "green"], [.. red, .. green]);
    }
}
