using System.Collections.Frozen;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// The closed list of what a pickle may name: what torch.load takes with weights_only=True, and a few classes of Python's own that hold data only. Nothing of
/// it is executed: each name stands for a piece of data that this reader builds itself.
/// </summary>
internal abstract record PickleGlobal(string Name)
{
    private static readonly FrozenDictionary<string, PickleGlobal> Known = Enumerate().ToFrozenDictionary(global => global.Name);

    public static PickleGlobal? Find(string name) => Known.GetValueOrDefault(name);

    private static IEnumerable<PickleGlobal> Enumerate() =>
    [
        .. Each(name => new DictionaryClass(name), "collections.OrderedDict", "collections.Counter", "collections.defaultdict", "builtins.dict",
            "__builtin__.dict"),
        .. Each(name => new SequenceClass(name), "collections.deque", "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset"),
        .. Each(name => new SequenceClass(name), "__builtin__.list", "__builtin__.tuple", "__builtin__.set", "__builtin__.frozenset"),
        .. Each(name => new BytesOfText(name), "_codecs.encode", "builtins.bytes", "builtins.bytearray", "__builtin__.bytes", "__builtin__.bytearray"),
        .. Each(name => new Reconstructor(name), "copyreg._reconstructor", "copy_reg._reconstructor"),
        .. Each(name => new Rebuild(name), "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3"),
        .. Each(name => new TensorItself(name), "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"),
        .. Each(name => new TensorItself(name), "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"),
        new RebuildFromType(),
        new SizeTuple(),
        .. StoredType.All.Where(type => type.Storage is not null)
            .SelectMany(type => Each(name => new StorageClass(name, type), $"torch.{type.Storage}", $"torch.cuda.{type.Storage}")),
        .. Each(name => new StorageClass(name, StoredType.Find("U8")!), "torch.storage.UntypedStorage", "torch.UntypedStorage"),
        .. StoredType.All.SelectMany(type => type.TorchNames.Select(name => new ElementClass($"torch.{name}", type))),
        .. PickleNames.Harmless.Select(name => new Inert(name)),
    ];

    private static IEnumerable<PickleGlobal> Each(Func<string, PickleGlobal> make, params string[] names) => names.Select(make);

    /// <summary>A dict of any kind; ours remembers its order.</summary>
    public sealed record DictionaryClass(string Class) : PickleGlobal(Class);

    /// <summary>A collection; here a list.</summary>
    public sealed record SequenceClass(string Class) : PickleGlobal(Class);

    /// <summary>Bytes that an older protocol writes as text.</summary>
    public sealed record BytesOfText(string Function) : PickleGlobal(Function);

    /// <summary>Makes an object of a class, in protocols 0 and 1.</summary>
    public sealed record Reconstructor(string Function) : PickleGlobal(Function);

    /// <summary>A view of a storage.</summary>
    public sealed record Rebuild(string Function) : PickleGlobal(Function);

    /// <summary>A tensor that is trained, or one of a class; here the tensor itself.</summary>
    public sealed record TensorItself(string Function) : PickleGlobal(Function);

    /// <summary>A tensor with attributes: calls another of these functions.</summary>
    public sealed record RebuildFromType() : PickleGlobal("torch._tensor._rebuild_from_type_v2");

    /// <summary>A shape; here a tuple.</summary>
    public sealed record SizeTuple() : PickleGlobal("torch.Size");

    /// <summary>Type of a storage, used inside a persistent id only.</summary>
    public sealed record StorageClass(string Class, StoredType Type) : PickleGlobal(Class);

    /// <summary>An element type that can be read.</summary>
    public sealed record ElementClass(string Class, StoredType Type) : PickleGlobal(Class);

    /// <summary>A class or constant whose values say nothing to us: kept by name, with what it was made of.</summary>
    public sealed record Inert(string Class) : PickleGlobal(Class);
}
