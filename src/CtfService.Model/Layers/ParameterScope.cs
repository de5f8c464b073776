using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>
/// The one place where layers get their parameters. A scope says of which type and on which device modules built on this thread have them and
/// whether they are drawn at all; without a scope they are float32, on the CPU, drawn from libtorch's generator.
/// </summary>
/// <remarks>
/// A module that a file is about to fill needs no random numbers and no second copy: <c>using (new ParameterScope(dtype, device, initialise: false))</c>.
/// On the meta device parameters have names and shapes but take no memory: <c>using (new ParameterScope(device: META))</c>.
/// </remarks>
public sealed class ParameterScope : IDisposable
{
    [ThreadStatic]
    private static ParameterScope? _active;

    private readonly ParameterScope? _previous;
    private readonly ScalarType _type;
    private readonly Device _device;
    private readonly bool _initialise;

    /// <param name="dtype">Element type of parameters; float32 where null. What must be float32, such as a table of angles, stays so.</param>
    /// <param name="device">The CPU where null.</param>
    /// <param name="initialise">False leaves whatever the memory holds: every parameter must then be written before the module is used.</param>
    public ParameterScope(ScalarType? dtype = null, Device? device = null, bool initialise = true)
    {
        _previous = _active;
        _type = dtype ?? float32;
        _device = device ?? CPU;
        _initialise = initialise && _device.type != DeviceType.META;
        _active = this;
    }

    /// <summary>Where modules built on this thread live, for what they own beside parameters.</summary>
    internal static Device Device => _active?._device ?? CPU;

    public void Dispose() => _active = _previous;

    /// <summary>Builds a module. If its constructor throws half-way, the parameters that it has allocated are freed.</summary>
    internal static TModule Build<TModule>(Func<TModule> build)
        where TModule : nn.Module
    {
        using var scope = NewDisposeScope();
        var module = build();
        scope.MoveToOuter(module.parameters().Concat(module.buffers()));
        return module;
    }

    internal static Parameter Normal(double deviation, params long[] shape) => Make(shape, weight => nn.init.normal_(weight, 0, deviation));

    /// <summary>Uniform within -bound..bound.</summary>
    internal static Parameter Uniform(double bound, params long[] shape) => Make(shape, weight => nn.init.uniform_(weight, -bound, bound));

    internal static Parameter Constant(double value, params long[] shape) => Make(shape, weight => nn.init.constant_(weight, value));

    private static Parameter Make(long[] shape, Action<Tensor> draw)
    {
        var weight = empty(shape, _active?._type ?? float32, Device);
        if (_active?._initialise ?? true)
        {
            draw(weight);
        }

        return new Parameter(weight);
    }
}
