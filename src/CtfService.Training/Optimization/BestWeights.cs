using System.Globalization;
using CtfService.Model.Checkpoints;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// The averaged weights of a run's best evaluation so far, kept in a file, for runs that may stop early. Everything follows from that file, so a resumed run
/// decides as an uninterrupted one does.
/// </summary>
/// <param name="patience">Steps after the best evaluation at which the run stops.</param>
internal sealed class BestWeights(string runDirectory, nn.Module module, long patience)
{
    private const string StepKey = "finished_steps";
    private const string CostKey = "cost";

    private readonly string _path = Path.Combine(runDirectory, "best.safetensors");
    private (long Step, double Cost)? _best;

    /// <summary>Finished steps of the best evaluation; null before the first.</summary>
    public long? Step => _best?.Step;

    /// <param name="finishedSteps">Steps of the checkpoint the run goes on from; 0 starts anew.</param>
    public void Open(long finishedSteps)
    {
        if (finishedSteps == 0)
        {
            File.Delete(_path);
            return;
        }

        if (File.Exists(_path))
        {
            using var file = SafetensorsFile.Open(_path);
            _best = (long.Parse(file.Metadata[StepKey], CultureInfo.InvariantCulture), double.Parse(file.Metadata[CostKey], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Looks at an evaluation; keeps the module's weights, which are the averaged ones, if it is the best so far.</summary>
    /// <param name="cost">Lower is better.</param>
    /// <returns>Whether the run should stop: the best evaluation lies too far behind.</returns>
    public bool Consider(long finishedSteps, double cost)
    {
        // The same step again, after a resume from a checkpoint before it, finds its own cost.
        if (_best is not { } best || cost < best.Cost)
        {
            _best = (finishedSteps, cost);
            SafetensorsWriter.Write(
                _path,
                module.state_dict().Select(entry => (entry.Key, entry.Value)),
                new Dictionary<string, string>
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
}
