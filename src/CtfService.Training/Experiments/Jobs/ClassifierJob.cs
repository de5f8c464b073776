using System.Text.Json.Nodes;
using CtfService.Training.Classification;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Trains the classifier that predicts the classes of generated images and provides their features.</summary>
internal sealed class ClassifierJob(int steps, int imageSize, string dataFingerprint)
    : ExperimentJob("classifier", new Dictionary<string, object> { ["steps"] = steps, ["image_size"] = imageSize, ["data"] = dataFingerprint })
{
    public static string PathIn(string folder) => Path.Combine(folder, "classifier.safetensors");

    public override JsonObject Run(JobRun run)
    {
        var training = new ClassifierTraining { Steps = steps, Device = run.Inputs.Device };
        using var classifier = ClassifierTrainer.Train(run.Inputs.Train, training, run.Progress, run.Cancellation);
        var report = ClassifierReport.Measure(classifier, run.Inputs.Test, run.Cancellation);
        ClassifierFile.Save(classifier, PathIn(run.Folder), report.Accuracy);
        return new JsonObject { ["test_accuracy"] = report.Accuracy };
    }
}
