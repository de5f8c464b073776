using CtfService.Api.Configuration;
using CtfService.Core.Models;
using CtfService.Inference.Routing;

namespace CtfService.Api.Models;

/// <summary>One of the devices that serve the model.</summary>
/// <param name="Name">Name in metrics, logs and reports: the setting, with a number if several copies share the CPU.</param>
/// <param name="Setting">The device as in the settings.</param>
/// <param name="Copies">Number of copies of the model that share this device.</param>
public sealed record ServingDevice(string Name, string Setting, int Copies)
{
    /// <summary>Returns the devices that the settings name, in their order.</summary>
    internal static IReadOnlyList<ServingDevice> Of(ModelOptions options)
    {
        if (options.Devices.Count == 0)
        {
            return [new ServingDevice(options.Device, options.Device, Copies: 1)];
        }

        return [.. options.Devices.Select((device, index) =>
        {
            var copies = options.Devices.Count(other => other == device);
            return new ServingDevice(copies == 1 ? device : $"{device}:{options.Devices.Take(index).Count(other => other == device)}", device, copies);
        })];
    }

    /// <summary>Returns the source of the model on each device.</summary>
    internal static IReadOnlyList<DeviceOrigin> Origins(IReadOnlyList<ServingDevice> devices, Func<ServingDevice, IImageGeneratorFactory> open) =>
        [.. devices.Select(device => new DeviceOrigin(device.Name, open(device)))];
}
