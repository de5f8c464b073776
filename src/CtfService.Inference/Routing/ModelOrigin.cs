using CtfService.Core.Models;

namespace CtfService.Inference.Routing;

/// <summary>Source of the model of an instance.</summary>
/// <param name="Bundle">Name of the bundle, as operators know it.</param>
/// <param name="Devices">The devices that serve the model, each with a copy of it; at least one. All must give the same bytes for a seed.</param>
public sealed record ModelOrigin(string Bundle, IReadOnlyList<DeviceOrigin> Devices)
{
    /// <summary>A model on one device, named after the kind of device that the loaded model reports.</summary>
    public ModelOrigin(string bundle, IImageGeneratorFactory factory)
        : this(bundle, [new DeviceOrigin("auto", factory)])
    {
    }
}

/// <summary>Source of the copy of a model on one device.</summary>
/// <param name="Name">Name in metrics, logs and reports, unique in the instance; <c>auto</c> for the kind of device that the loaded model reports.</param>
/// <param name="Factory">Loads the copy, on the thread of the device.</param>
public sealed record DeviceOrigin(string Name, IImageGeneratorFactory Factory);
