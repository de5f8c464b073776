using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>
/// Creates the parameters of all layers. A scope sets the type, the device and the initialization of the parameters of modules that are built on the
/// current thread. Without a scope, parameters are float32, on the CPU, and drawn from libtorch's generator.
/// </summary>
/// <remarks>
/// A module that is about to be filled from a file needs no random numbers: <c>using (new ParameterScope(dtype, device, initialise: false))</c>.
/// On the meta device, parameters have names and shapes but take no memory: <c>using (new ParameterScope(device: META))</c>.
/// </remarks>
public sealed class ParameterScope : IDisposable
{
    [ThreadStatic]
    private static ParameterScope? _active;

    private readonly ParameterScope? _previous;
    private readonly ScalarType _type;
    private readonly Device _device;
    private readonly bool _initialise;

    /// <summary>Opens a scope.</summary>
    /// <param name="dtype">The element type of parameters; null for float32. Buffers that must be float32, such as a table of angles, stay float32.</param>
    /// <param name="device">The device; null for the CPU.</param>
    /// <param name="initialise">Whether to draw initial values. If false, every parameter must be written before the module is used.</param>
    public ParameterScope(ScalarType? dtype = null, Device? device = null, bool initialise = true)
    {
        _previous = _active;
        _type = dtype ?? float32;
        _device = device ?? CPU;
        _initialise = initialise && _device.type != DeviceType.META;
        _active = this;
    }

    /// <summary>Gets the device of modules that are built on this thread, for their buffers.</summary>
    internal static Device Device => _active?._device ?? CPU;

    public void Dispose() => _active = _previous;

    /// <summary>Builds a module. If its constructor throws, the parameters that it has allocated are freed.</summary>
    internal static TModule Build<TModule>(Func<TModule> build)
        where TModule : nn.Module
    {
        using var scope = NewDisposeScope();
        var module = build();
        scope.MoveToOuter(module.parameters().Concat(module.buffers()));
        return module;
    }

    /// <summary>Creates a parameter from a normal distribution around 0.</summary>
    internal static Parameter Normal(double deviation, params long[] shape) => Make(shape, weight => nn.init.normal_(weight, 0, deviation));

    /// <summary>Creates a parameter from a uniform distribution from -bound to bound.</summary>
    internal static Parameter Uniform(double bound, params long[] shape) => Make(shape, weight => nn.init.uniform_(weight, -bound, bound));

    /// <summary>Creates a parameter of one value.</summary>
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
