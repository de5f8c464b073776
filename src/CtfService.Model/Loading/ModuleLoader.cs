using CtfService.Model.Checkpoints;
using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>Loads a libtorch module from a weight file, in evaluation mode.</summary>
internal static class ModuleLoader
{
    /// <summary>
    /// Allocates the module with its final type and device and reads one tensor after another into it, so that memory never holds the weights twice.
    /// </summary>
    /// <param name="cancellation">Checked before each tensor.</param>
    /// <returns>The module, owned by the caller.</returns>
    public static TModule Load<TModule>(SafetensorsFile weights, Func<TModule> build, ScalarType dtype, Device device, CancellationToken cancellation)
        where TModule : nn.Module
    {
        using var fresh = new ParameterScope(dtype, device, initialise: false);
        var module = ParameterScope.Build(build);
        try
        {
            StateDictLoader.Load(module, weights, cancellation: cancellation);
            module.eval();
            return module;
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }
}
