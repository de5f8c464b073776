using CtfService.Model.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>Builds modules to train on a device.</summary>
internal static class PlacedModule
{
    /// <summary>
    /// Builds a module with fresh weights. They are drawn on the CPU whatever the device, so that runs on all devices start from the same weights.
    /// </summary>
    /// <param name="build">Builds the module as the open <see cref="ParameterScope"/> says; called twice unless on the CPU.</param>
    public static TModule Build<TModule>(Device device, Func<TModule> build)
        where TModule : nn.Module
    {
        if (device.type == DeviceType.CPU)
        {
            return build();
        }

        using var drawn = build();
        using var scope = new ParameterScope(device: device, initialise: false);
        using var frozen = no_grad();
        var module = build();
        var weights = drawn.state_dict();
        foreach (var (name, weight) in module.state_dict())
        {
            weight.copy_(weights[name]);
        }

        return module;
    }
}
