using System.Globalization;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// Writes and reads the moments of AdamW by parameter name. TorchSharp's own format holds them by number, cannot be read into the memory of a CUDA device, and
/// ends at 2 GB for a weight.
/// </summary>
/// <param name="adam">Not disposed.</param>
/// <param name="parameters">In the order of the optimizer's groups.</param>
internal sealed class AdamMoments(AdamW adam, IReadOnlyList<(string Name, Parameter Weight)> parameters)
{
    private const string FileName = "optimizer.safetensors";

    /// <summary>The name of the file of earlier versions, in TorchSharp's format.</summary>
    private const string OldFileName = "optimizer.bin";

    private const string FirstPrefix = "first/";
    private const string SecondPrefix = "second/";
    private const string StepsPrefix = "steps/";

    /// <summary>Writes the moments into a folder.</summary>
    public void Save(string folder)
    {
        var states = States();
        SafetensorsWriter.Write(
            Path.Combine(folder, FileName),
            states.SelectMany(entry => new[] { (FirstPrefix + entry.Name, entry.State.exp_avg), (SecondPrefix + entry.Name, entry.State.exp_avg_sq) }),
            states.ToDictionary(entry => StepsPrefix + entry.Name, entry => entry.State.step.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Reads the moments from a folder.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged or of another architecture.</exception>
    public void Load(string folder)
    {
        var old = Path.Combine(folder, OldFileName);
        if (File.Exists(old))
        {
            LoadOld(old);
            return;
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        foreach (var (name, state) in States())
        {
            state.step = file.Metadata.TryGetValue(StepsPrefix + name, out var steps) && long.TryParse(steps, CultureInfo.InvariantCulture, out var count)
                ? count
                : throw new CheckpointException($"{file.Path}: has no moments of '{name}'. {ResumeValidator.Remedies}");
            file.CopyTo(FirstPrefix + name, state.exp_avg);
            file.CopyTo(SecondPrefix + name, state.exp_avg_sq);
        }
    }

    private void LoadOld(string path)
    {
        if (parameters.Any(entry => entry.Weight.device_type != TorchSharp.DeviceType.CPU))
        {
            throw new CheckpointException(
                $"{path}: was written by an earlier version, which trained on the CPU only. Resume the run for one more step with --device cpu, "
                + "which writes the checkpoint anew, and then on another device.");
        }

        adam.load_state_dict(path);
    }

    private List<(string Name, AdamW.State State)> States()
    {
        var dictionary = adam.state_dict();
        var states = dictionary.StateIndexRef.SelectMany(group => group).Select(index => (AdamW.State)dictionary.State[index]);
        return [.. parameters.Zip(states, (entry, state) => (entry.Name, state))];
    }
}
