using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace CtfService.Model.Tests.Conversion;

/// <summary>Writes a cluster map as torch.save does, alone or inside other values.</summary>
internal static class MapFile
{
    private static readonly Dictionary<string, (string Storage, string NumPy)> Types = new()
    {
        ["I64"] = ("LongStorage", "<i8"),
        ["I32"] = ("IntStorage", "<i4"),
        ["I16"] = ("ShortStorage", "<i2"),
        ["U8"] = ("ByteStorage", "|u1"),
        ["U16"] = ("", "<u2"), // has no storage class: its tensors are views of an untyped storage
    };

    /// <returns>The path.</returns>
    public static string PyTorch(string path, string form, string type, int[] numbers)
    {
        var tensor = Tensor(Types[type].Storage, key: 0, numbers.Length);
        var other = Tensor("FloatStorage", key: 1, 2);
        var pickle = form switch
        {
            "tensor" => tensor,
            "list" => $"]({tensor}e",
            "tuple" => $"({tensor}t",
            "dict" => $"}}(X\u0006\0\0\0labels{tensor}u",
            "among others" => $"}}(X\u0006\0\0\0labels{tensor}X\u0005\0\0\0seedsK\u0003X\u0005\0\0\0means{other}u",
            _ => $"}}(X\u0005\0\0\0epochK\u0001X\u0010\0\0\0model_state_dict}}(X\u0006\0\0\0labels{tensor}uu",
        };
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        Add(zip, "data.pkl", [0x80, 2, .. Encoding.Latin1.GetBytes(pickle), (byte)'.']);
        Add(zip, "data/0", Bytes(numbers, Types[type].NumPy));
        Add(zip, "data/1", new byte[8]);
        return path;
    }

    /// <param name="type">The type code in NumPy.</param>
    public static byte[] Bytes(int[] numbers, string type) => [.. numbers.SelectMany(number =>
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        var element = bytes[..(type[2] - '0')];
        return type[0] == '>' ? element.Reverse() : element;
    })];

    /// <summary>Writes a tensor with one dimension over a whole storage.</summary>
    private static string Tensor(string storage, int key, int count) => storage.Length == 0
        ? $"ctorch._utils\n_rebuild_tensor_v3\n((X\u0007\0\0\0storagectorch.storage\nUntypedStorage\n"
            + $"X\u0001\0\0\0{key}X\u0003\0\0\0cpuK{(char)(2 * count)}tQK\0(K{(char)count}t(K\u0001t\u0089Nctorch\nuint16\ntR"
        : $"ctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\n{storage}\n"
            + $"X\u0001\0\0\0{key}X\u0003\0\0\0cpuK{(char)count}tQK\0(K{(char)count}t(K\u0001t\u0089)tR";

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        using var record = zip.CreateEntry($"archive/{name}", CompressionLevel.NoCompression).Open();
        record.Write(content);
    }
}
