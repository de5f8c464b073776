using System.Globalization;
using CtfService.Model.Checkpoints;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// Keeps the averaged weights of a run's best evaluation in a file. The file is the only state, so a resumed run that stops early makes the same decisions as
/// an uninterrupted one.
/// </summary>
internal sealed class BestWeights(TrainingOptions options, nn.Module module)
{
    private const string StepKey = "finished_steps";
    private const string CostKey = "cost";

    private readonly string _path = PathIn(options.RunDirectory);
    private (long Step, double Cost)? _best;

    /// <summary>Finished steps at the best evaluation; null before the first evaluation.</summary>
    public long? Step => _best?.Step;

    /// <summary>Deletes the weights of an earlier training.</summary>
    public static void Delete(string runDirectory) => File.Delete(PathIn(runDirectory));

    /// <summary>
    /// Loads the best evaluation of a resumed run. An evaluation on other images cannot be compared, so it is ignored.
    /// </summary>
    public void Open()
    {
        if (!File.Exists(_path))
        {
            return;
        }

        using var file = SafetensorsFile.Open(_path);
        string[] images = [PartRecord.Data, PartRecord.ImageSize];
        if (PartRecord.Read(file)?.Only(images).Differences(options.MadeFrom.Only(images)) is not { Count: > 0 })
        {
            _best = (long.Parse(file.Metadata[StepKey], CultureInfo.InvariantCulture), double.Parse(file.Metadata[CostKey], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Keeps the module's weights, which must be the averaged ones, if the evaluation is the best so far.</summary>
    /// <param name="cost">Lower is better.</param>
    /// <returns>Whether the run should stop because the best evaluation is too long ago.</returns>
    public bool Consider(long finishedSteps, double cost)
    {
        // A resumed run may evaluate the best step again; its cost is then equal, not lower.
        if (_best is not { } best || cost < best.Cost || double.IsNaN(best.Cost))
        {
            _best = (finishedSteps, cost);
            SafetensorsWriter.Write(
                _path,
                module.state_dict().Select(entry => (entry.Key, entry.Value)),
                new Dictionary<string, string>(options.MadeFrom.Metadata)
                {
                    [StepKey] = finishedSteps.ToString(CultureInfo.InvariantCulture),
                    [CostKey] = cost.ToString("R", CultureInfo.InvariantCulture),
                },
                requireFinite: true);
        }

        return options.EarlyStop is { } evaluations && finishedSteps - _best.Value.Step >= evaluations * options.EvaluateEvery;
    }

    /// <summary>Loads the kept weights into the module.</summary>
    public void Restore()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var file = SafetensorsFile.Open(_path);
        foreach (var (name, weight) in module.state_dict())
        {
            weight.copy_(file.Read(name));
        }
    }

    private static string PathIn(string runDirectory) => Path.Combine(runDirectory, "best.safetensors");
}
