using System.Collections.Frozen;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// The closed list of what a pickle may name. Nothing of it is executed: each name stands for a piece of data that this reader builds itself.
/// </summary>
internal abstract record PickleGlobal(string Name)
{
    private static readonly FrozenDictionary<string, PickleGlobal> Known = Enumerate().ToFrozenDictionary(global => global.Name);

    /// <summary>For error messages.</summary>
    public static string Names { get; } = string.Join(", ", Known.Keys.Order(StringComparer.Ordinal));

    public static PickleGlobal? Find(string name) => Known.GetValueOrDefault(name);

    private static IEnumerable<PickleGlobal> Enumerate() =>
    [
        new OrderedDict(),
        new Namespace(),
        new RebuildTensor(),
        new RebuildParameter(),
        new SizeTuple(),
        .. ElementType.Storages.Select(known => new StorageClass(known.Storage, known.Type)),
    ];

    /// <summary>A dict that remembers its order; ours does anyway.</summary>
    public sealed record OrderedDict() : PickleGlobal("collections.OrderedDict");

    /// <summary>The arguments that a training script was started with.</summary>
    public sealed record Namespace() : PickleGlobal("argparse.Namespace");

    /// <summary>A view of a storage.</summary>
    public sealed record RebuildTensor() : PickleGlobal("torch._utils._rebuild_tensor_v2");

    /// <summary>A tensor that is trained; here the tensor itself.</summary>
    public sealed record RebuildParameter() : PickleGlobal("torch._utils._rebuild_parameter");

    /// <summary>A shape; here a tuple.</summary>
    public sealed record SizeTuple() : PickleGlobal("torch.Size");

    /// <summary>Type of a storage, used inside a persistent id only.</summary>
    public sealed record StorageClass(string Class, ScalarType Dtype) : PickleGlobal($"torch.{Class}");
}
