using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>Inputs and outputs of every sub-module during one call, by the sub-module's name. Owns the copies.</summary>
internal sealed class ModuleOutputs : IDisposable
{
    private readonly Dictionary<string, Tensor> _outputs = [];
    private readonly Dictionary<string, Tensor> _inputs = [];

    private ModuleOutputs()
    {
    }

    /// <summary>Records the module while <paramref name="call"/> runs; the last call of each sub-module counts.</summary>
    public static ModuleOutputs During(nn.Module module, Action call)
    {
        var outputs = new ModuleOutputs();
        var listeners = module.named_modules().Select(child => outputs.ListenTo(child.name, child.module)).ToList();
        call();
        listeners.ForEach(stop => stop());
        return outputs;
    }

    public Tensor Output(string name) =>
        _outputs.TryGetValue(name, out var output) ? output : throw new KeyNotFoundException($"No sub-module '{name}' was called.");

    public Tensor Input(string name) => _inputs[name];

    public void Dispose()
    {
        foreach (var tensor in _outputs.Values.Concat(_inputs.Values))
        {
            tensor.Dispose();
        }
    }

    /// <summary>Starts recording; disposing the result stops it.</summary>
    private Action ListenTo(string name, nn.Module module)
    {
        switch (module)
        {
            case nn.Module<Tensor, Tensor> plain:
                return plain.register_forward_hook((_, input, output) => Keep(name, input, output)).remove;
            case nn.Module<Tensor, AttentionContext, Tensor> attending:
                return attending.register_forward_hook((_, input, _, output) => Keep(name, input, output)).remove;
            default:
                return () => { };
        }
    }

    private Tensor Keep(string name, Tensor input, Tensor output)
    {
        Replace(_inputs, name, input);
        Replace(_outputs, name, output);
        return output;
    }

    private static void Replace(Dictionary<string, Tensor> tensors, string name, Tensor tensor)
    {
        tensors.GetValueOrDefault(name)?.Dispose();
        tensors[name] = tensor.detach().clone().DetachFromDisposeScope();
    }
}
