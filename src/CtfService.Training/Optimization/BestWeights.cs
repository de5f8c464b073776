using System.Globalization;
using CtfService.Model.Checkpoints;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// The averaged weights of a run's best evaluation so far, kept in a file, for runs that may stop early. Everything follows from that file, so a resumed run
/// decides as an uninterrupted one does.
/// </summary>
/// <param name="patience">Steps after the best evaluation at which the run stops.</param>
internal sealed class BestWeights(TrainingOptions options, nn.Module module, long patience)
{
    private const string StepKey = "finished_steps";
    private const string CostKey = "cost";

    private readonly string _path = PathIn(options.RunDirectory);
    private (long Step, double Cost)? _best;

    /// <summary>Finished steps of the best evaluation; null before the first.</summary>
    public long? Step => _best?.Step;

    /// <summary>Deletes those of an earlier training.</summary>
    public static void Delete(string runDirectory) => File.Delete(PathIn(runDirectory));

    /// <summary>
    /// Goes on from what is kept, for a run that goes on from its checkpoint. Costs on other images say nothing here, so these are forgotten.
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

    /// <summary>Looks at an evaluation; keeps the module's weights, which are the averaged ones, if it is the best so far.</summary>
    /// <param name="cost">Lower is better.</param>
    /// <returns>Whether the run should stop: the best evaluation lies too far behind.</returns>
    public bool Consider(long finishedSteps, double cost)
    {
        // The same step again, after a resume, finds its own cost.
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

        return finishedSteps - _best.Value.Step >= patience;
    }

    /// <summary>Puts the kept weights into the module.</summary>
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
