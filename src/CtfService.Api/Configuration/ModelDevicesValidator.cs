using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>Checks the list of devices: known names, one kind, no CUDA device twice, and not beside another choice in Model:Device.</summary>
internal sealed partial class ModelDevicesValidator : IValidateOptions<ModelOptions>
{
    private const string Cpu = "cpu";
    private const int MostDevices = 64;

    public ValidateOptionsResult Validate(string? name, ModelOptions options)
    {
        var problems = Problems(options).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> Problems(ModelOptions options)
    {
        var devices = options.Devices;
        if (devices.Count == 0)
        {
            yield break;
        }

        if (devices.Count > MostDevices)
        {
            yield return $"Model:Devices names {devices.Count} devices; expected at most {MostDevices}. Start further processes for the others.";
        }

        for (var index = 0; index < devices.Count; index++)
        {
            if (!Named().IsMatch(devices[index] ?? ""))
            {
                yield return $"Model:Devices:{index} is '{devices[index]}'; expected cpu or cuda:N. Correct or remove it.";
            }
            else if (devices[index] != Cpu && devices.Take(index).Contains(devices[index]))
            {
                yield return $"Model:Devices:{index} is '{devices[index]}', which is named before; expected each CUDA device once. Remove it.";
            }
        }

        if (devices.Contains(Cpu) && devices.Any(device => device != Cpu))
        {
            yield return $"Model:Devices is '{string.Join(", ", devices)}'; expected devices of one kind, because the CPU and CUDA give other bytes for a "
                + "seed. Remove one kind.";
        }

        if (options.Device != new ModelOptions().Device && !(devices.Count == 1 && devices[0] == options.Device))
        {
            yield return $"Model:Device is '{options.Device}' and Model:Devices is '{string.Join(", ", devices)}'; expected one of the two settings. "
                + "Remove the other.";
        }
    }

    [GeneratedRegex("^(cpu|cuda:[0-9]{1,3})$")]
    private static partial Regex Named();
}
