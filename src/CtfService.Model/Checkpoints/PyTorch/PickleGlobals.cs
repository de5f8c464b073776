using System.Collections.Frozen;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// The globals that a pickle may name: those that torch.load accepts with weights_only=True, and some data classes of Python's library. None is executed: the
/// reader builds its own value for each.
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

    /// <summary>A dict of any class; read as a <see cref="PickleDictionary"/>.</summary>
    public sealed record DictionaryClass(string Class) : PickleGlobal(Class);

    /// <summary>A collection; read as a list.</summary>
    public sealed record SequenceClass(string Class) : PickleGlobal(Class);

    /// <summary>Bytes that an older protocol writes as text.</summary>
    public sealed record BytesOfText(string Function) : PickleGlobal(Function);

    /// <summary>Creates an instance of a class, in protocols 0 and 1.</summary>
    public sealed record Reconstructor(string Function) : PickleGlobal(Function);

    /// <summary>Creates a tensor, a view of a storage.</summary>
    public sealed record Rebuild(string Function) : PickleGlobal(Function);

    /// <summary>A parameter or buffer; read as its tensor.</summary>
    public sealed record TensorItself(string Function) : PickleGlobal(Function);

    /// <summary>A tensor with attributes; calls another of these functions.</summary>
    public sealed record RebuildFromType() : PickleGlobal("torch._tensor._rebuild_from_type_v2");

    /// <summary>A shape; read as a tuple.</summary>
    public sealed record SizeTuple() : PickleGlobal("torch.Size");

    /// <summary>The class of a storage; occurs only in a persistent id.</summary>
    public sealed record StorageClass(string Class, StoredType Type) : PickleGlobal(Class);

    /// <summary>A supported dtype.</summary>
    public sealed record ElementClass(string Class, StoredType Type) : PickleGlobal(Class);

    /// <summary>A class or constant that the reader does not interpret; kept as its name and arguments.</summary>
    public sealed record Inert(string Class) : PickleGlobal(Class);
}
