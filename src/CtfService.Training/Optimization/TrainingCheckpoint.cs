using System.Globalization;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Storage;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>Everything that a run needs to resume: weights, their average, the optimizer's moments and the number of finished steps.</summary>
internal sealed class TrainingCheckpoint(TrainingOptions options, nn.Module module, WeightOptimizer optimizer, WeightAverage average)
{
    private const string FolderName = "checkpoint";
    private const string WeightsName = "weights.safetensors";
    private const string MomentsName = "optimizer.bin";
    private const string StepKey = "finished_steps";
    private const string AveragePrefix = "average/";
    private const string WeightPrefix = "weight/";

    private readonly AtomicFolder _folder = FolderOf(options.RunDirectory);
    private readonly string _path = Path.Combine(options.RunDirectory, FolderName);

    private string Weights => Path.Combine(_path, WeightsName);

    public bool Exists
    {
        get
        {
            _folder.Recover();
            return File.Exists(Weights);
        }
    }

    /// <summary>Returns the finished steps of a run's checkpoint; 0 without a checkpoint.</summary>
    public static long FinishedSteps(string runDirectory)
    {
        FolderOf(runDirectory).Recover();
        var path = Path.Combine(runDirectory, FolderName, WeightsName);
        if (!File.Exists(path))
        {
            return 0;
        }

        using var file = SafetensorsFile.Open(path);
        return FinishedSteps(file);
    }

    /// <summary>Returns what a run's checkpoint was made from; null without a checkpoint or a record.</summary>
    public static PartRecord? RecordOf(string runDirectory)
    {
        FolderOf(runDirectory).Recover();
        var path = Path.Combine(runDirectory, FolderName, WeightsName);
        return File.Exists(path) ? PartRecord.Read(path) : null;
    }

    /// <summary>Writes a checkpoint; it replaces the last one only when it is complete.</summary>
    public void Save(long finishedSteps) => _folder.Replace(next =>
    {
        var tensors = module.state_dict().Select(entry => (WeightPrefix + entry.Key, entry.Value))
            .Concat(average.Averages.Select(entry => (AveragePrefix + entry.Key, entry.Value)));
        optimizer.Save(Path.Combine(next, MomentsName));
        SafetensorsWriter.Write(
            Path.Combine(next, WeightsName),
            tensors,
            new Dictionary<string, string>(options.MadeFrom.Metadata) { [StepKey] = finishedSteps.ToString(CultureInfo.InvariantCulture) },
            requireFinite: true);
    });

    /// <summary>Restores the last checkpoint and returns its finished steps.</summary>
    /// <exception cref="CheckpointException">The checkpoint was made from other inputs than this run; the message names the differences.</exception>
    public long Load()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var file = SafetensorsFile.Open(Weights);
        var finished = FinishedSteps(file);
        ResumeValidator.Require(options, PartRecord.Read(file), finished);
        RequireShapes(file);
        foreach (var (name, weight) in module.state_dict())
        {
            weight.copy_(file.Read(WeightPrefix + name));
            average.Averages[name].copy_(file.Read(AveragePrefix + name));
        }

        optimizer.Load(Path.Combine(_path, MomentsName));
        return finished;
    }

    private static long FinishedSteps(SafetensorsFile file) => long.Parse(file.Metadata[StepKey], CultureInfo.InvariantCulture);

    /// <summary>Checks the architecture of checkpoints without a record.</summary>
    private void RequireShapes(SafetensorsFile file)
    {
        foreach (var (name, weight) in module.state_dict())
        {
            var there = file.Entry(WeightPrefix + name);
            if (!there.Shape.SequenceEqual(weight.shape))
            {
                throw new CheckpointException(
                    $"{_path}: has another architecture: '{name}' is {there.ShapeText} in the file, [{string.Join(", ", weight.shape)}] now. "
                    + ResumeValidator.Remedies);
            }
        }
    }

    /// <summary>Deletes the checkpoint of a run.</summary>
    public static void Delete(string runDirectory)
    {
        FolderOf(runDirectory).Recover();
        if (Path.Combine(runDirectory, FolderName) is var folder && Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The folder belongs to the run, so the plain names <c>checkpoint.next</c> and <c>checkpoint.old</c> cannot collide.</summary>
    private static AtomicFolder FolderOf(string runDirectory) => new(Path.Combine(runDirectory, FolderName), mark: "");
}
