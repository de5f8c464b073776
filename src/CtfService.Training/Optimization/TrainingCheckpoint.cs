using System.Globalization;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Storage;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// Everything that a run needs to resume: weights, their average, the optimizer's moments and the number of finished steps. The folder <c>checkpoint</c> holds
/// the last one; earlier ones, if the run keeps them, are in <c>checkpoints</c>, and any of them can take its place.
/// </summary>
internal sealed class TrainingCheckpoint(TrainingOptions options, nn.Module module, WeightOptimizer optimizer, WeightAverage average)
{
    /// <summary>Folder of the checkpoints before the last one, in that of the run.</summary>
    public const string EarlierName = "checkpoints";

    private const string FolderName = "checkpoint";
    private const string WeightsName = "weights.safetensors";
    private const string StepKey = "finished_steps";
    private const string AveragePrefix = "average/";
    private const string WeightPrefix = "weight/";

    private readonly AtomicFolder _folder = FolderOf(options.RunDirectory);
    private readonly string _path = Path.Combine(options.RunDirectory, FolderName);
    private long? _last; // finished steps of the checkpoint in the folder, if this run has written or read it

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
    public void Save(long finishedSteps)
    {
        if (finishedSteps == _last)
        {
            return;
        }

        var keepsLast = _last is not null && options.KeepCheckpoints > 1;
        _folder.Replace(next => Write(next, finishedSteps), keepsLast ? PathOfEarlier(_last!.Value) : null);
        _last = finishedSteps;
        DeleteEarlier();
    }

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

        optimizer.Moments.Load(_path);
        _last = finished;
        return finished;
    }

    private void Write(string folder, long finishedSteps)
    {
        var tensors = module.state_dict().Select(entry => (WeightPrefix + entry.Key, entry.Value))
            .Concat(average.Averages.Select(entry => (AveragePrefix + entry.Key, entry.Value)));
        optimizer.Moments.Save(folder);
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsName),
            tensors,
            new Dictionary<string, string>(options.MadeFrom.Metadata) { [StepKey] = finishedSteps.ToString(CultureInfo.InvariantCulture) },
            requireFinite: true);
    }

    private string PathOfEarlier(long finishedSteps) =>
        Path.Combine(options.RunDirectory, EarlierName, finishedSteps.ToString("D7", CultureInfo.InvariantCulture));

    /// <summary>Deletes the oldest of the earlier checkpoints, down to the number to keep.</summary>
    private void DeleteEarlier()
    {
        var folder = new DirectoryInfo(Path.Combine(options.RunDirectory, EarlierName));
        if (folder.Exists)
        {
            var latestFirst = folder.EnumerateDirectories()
                .OrderByDescending(entry => entry.Name.Length)
                .ThenByDescending(entry => entry.Name, StringComparer.Ordinal);
            latestFirst.Skip(options.KeepCheckpoints - 1).ToList().ForEach(entry => entry.Delete(recursive: true));
        }
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
