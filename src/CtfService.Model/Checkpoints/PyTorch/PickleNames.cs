namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>Sorts names in pickles by the harm that they can do in other programs. This reader executes none of them.</summary>
internal static class PickleNames
{
    /// <summary>Modules whose names can run code, change files or use the network when another program opens the file.</summary>
    private static readonly HashSet<string> CodeModules =
    [
        "os", "posix", "nt", "posixpath", "ntpath", "sys", "subprocess", "commands", "popen2", "pty", "platform", "shutil", "tempfile", "glob", "fileinput",
        "linecache", "io", "_io",
        "builtins", "__builtin__", "importlib", "imp", "runpy", "pkgutil", "zipimport", "site", "pip", "setuptools", "distutils", "ensurepip", "venv",
        "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "copyreg", "copy_reg",
        "socket", "ssl", "http", "urllib", "urllib2", "httplib", "requests", "aiohttp", "ftplib", "smtplib", "telnetlib", "webbrowser", "xmlrpc",
        "socketserver",
        "asyncio", "multiprocessing", "threading", "_thread", "concurrent", "signal", "ctypes", "_ctypes", "cffi", "gc", "inspect", "types", "functools",
        "operator", "_operator", "itertools",
        "code", "codeop", "pdb", "bdb", "profile", "cProfile", "timeit", "trace", "doctest", "idlelib", "turtle", "antigravity", "logging", "unittest",
    ];

    /// <summary>Names of this kind in modules that are otherwise harmless.</summary>
    private static readonly string[] CodeNames =
    [
        "torch.load", "torch.serialization.", "torch.storage._load_from_bytes", "torch.hub.", "torch.jit.", "torch.package.", "torch._inductor.",
        "torch._dynamo.", "torch.utils.", "torch.distributed.",
        "torch.fx.", "numpy.load", "numpy.testing.", "numpy.f2py.", "numpy.distutils.", "numpy.lib.", "_codecs.lookup", "codecs.",
    ];

    /// <summary>Names that are kept as data.</summary>
    public static IEnumerable<string> Harmless { get; } =
    [
        "argparse.Namespace", "types.SimpleNamespace",
        "torch.device", "torch.Tensor", "torch.nn.parameter.UninitializedParameter", "torch.serialization._get_layout", "torch.storage.TypedStorage",
        "torch.storage._TypedStorage",
        .. Of("torch", "per_tensor_affine", "per_tensor_symmetric", "per_channel_affine", "per_channel_symmetric", "per_channel_affine_float_qparams"),
        .. Of("torch", "strided", "sparse_coo", "sparse_csr", "contiguous_format", "preserve_format", "channels_last", "channels_last_3d", "memory_format",
            "layout", "dtype"),
        .. Of("torch", "complex32", "chalf", "qint8", "quint8", "qint32", "quint4x2", "quint2x4", "bits8", "bits16", "bits1x8", "bits2x4", "bits4x2"),
        .. Of("torch", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"),
        .. Enumerable.Range(1, 7).SelectMany(bits => Of("torch", $"int{bits}", $"uint{bits}")),
        .. Of("torch._utils", "_rebuild_qtensor", "_rebuild_sparse_tensor", "_rebuild_meta_tensor_no_storage", "_rebuild_nested_tensor",
            "_rebuild_wrapper_subclass"),
        .. Of("torch._utils", "_rebuild_device_tensor_from_numpy", "_rebuild_device_tensor_from_cpu_tensor"),
        .. new[] { "torch", "torch.cuda", "torch.sparse", "torch.cuda.sparse" }.SelectMany(module => Of(
            module, "FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor",
            "ByteTensor", "CharTensor", "ShortTensor", "IntTensor", "LongTensor", "BoolTensor")),
        .. Of("torch", "QInt8Storage", "QUInt8Storage", "QInt32Storage", "QUInt4x2Storage", "QUInt2x4Storage"),
        .. new[] { "builtins", "__builtin__" }.SelectMany(module => Of(
            module, "complex", "slice", "range", "object", "int", "float", "str", "bool", "long", "unicode", "NoneType", "Ellipsis")),
        .. new[] { "numpy.core", "numpy._core" }.SelectMany(core => Of(
            core, "multiarray.scalar", "multiarray._reconstruct", "numeric._frombuffer", "multiarray.ndarray")),
        .. Of("numpy", "dtype", "ndarray", "bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64",
            "complex64", "complex128", "str_", "bytes_"),
        .. new[] { "Bool", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float16", "Float32", "Float64",
            "Complex64", "Complex128", "Str", "Bytes" }
            .SelectMany(type => Of("numpy.dtypes", $"{type}DType")),
        .. Of("numpy.dtypes", "IntDType", "LongDType", "LongLongDType", "UIntDType", "ULongDType", "ULongLongDType", "ObjectDType"),
        .. new[] { "pathlib", "pathlib._local" }.SelectMany(module => Of(
            module, "Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")),
        .. Of("datetime", "datetime", "date", "time", "timedelta", "timezone"),
        "decimal.Decimal", "fractions.Fraction", "uuid.UUID",
    ];

    /// <summary>True if the name is known to be dangerous for a program that opens the file with Python's pickle module.</summary>
    public static bool RunsCode(string module, string name) =>
        CodeModules.Contains(module.Split('.')[0])
        || Array.Exists(CodeNames, code => $"{module}.{name}".StartsWith(code, StringComparison.Ordinal));

    private static IEnumerable<string> Of(string module, params string[] names) => names.Select(name => $"{module}.{name}");
}
