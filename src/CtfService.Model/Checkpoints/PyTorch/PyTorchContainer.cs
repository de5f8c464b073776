using System.Buffers.Binary;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>The two containers of torch.save, read to the point where the pickled object and the place of every storage are known.</summary>
/// <param name="Name">For people.</param>
/// <param name="Root">The pickled object.</param>
/// <param name="Offsets">First byte of each storage in the file, by its key.</param>
/// <param name="IsBigEndian">Order of the bytes in the storages.</param>
internal sealed record PyTorchContainer(string Name, object? Root, IReadOnlyDictionary<string, long> Offsets, bool IsBigEndian)
{
    private const string PickleSuffix = "/data.pkl";

    private const string TorchScript =
        "is a TorchScript file (torch.jit.save), a program with its weights, which is not read here. "
        + "Save the weights by themselves: torch.save(torch.jit.load(file).state_dict(), 'weights.pt')";

    /// <summary>0x1950a86a20f9469cfc6c as a pickle of protocol 2: what every legacy file starts with.</summary>
    private static ReadOnlySpan<byte> LegacyMagic => [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    /// <exception cref="CheckpointException">The file is not one of torch.save, damaged, or names something outside the closed list.</exception>
    public static PyTorchContainer Read(InputFile file)
    {
        if (IsPyTorch(file, out var isZip))
        {
            return isZip ? ReadZip(file, StoredZip.Open(file)) : ReadLegacy(file);
        }

        throw new CheckpointException(
            $"{file.Path}: "
                + $"{ForeignContent.Find(file) ?? "is not a PyTorch file: it starts neither as a zip file nor as the container of PyTorch before 1.6"}.");
    }

    /// <summary>Looks at the first bytes only.</summary>
    public static bool IsPyTorch(InputFile file, out bool isZip)
    {
        var start = file.Start(LegacyMagic.Length);
        isZip = StoredZip.IsZip(start);
        return isZip || start.AsSpan().SequenceEqual(LegacyMagic);
    }

    /// <summary>Members <c>root/data.pkl</c>, <c>root/data/KEY</c> and, in newer files, <c>root/byteorder</c>; root is any name.</summary>
    private static PyTorchContainer ReadZip(InputFile file, StoredZip zip)
    {
        var pickles = zip.Members.Keys.Where(name => name.EndsWith(PickleSuffix, StringComparison.Ordinal)).Take(2).ToList();
        Require(file, !zip.Members.Keys.Any(name => name.EndsWith("/constants.pkl", StringComparison.Ordinal)), TorchScript);
        Require(
            file,
            pickles.Count > 0,
            "is a zip file, but not of torch.save: it holds "
                + $"{string.Join(", ", zip.Members.Keys.Order(StringComparer.Ordinal).Take(5))}{(zip.Members.Count > 5 ? ", ..." : "")}. "
                + "Unpack it and name the weight file in it");
        Require(file, pickles.Count == 1, $"is a zip file with several records that end in {PickleSuffix}; torch.save writes one");
        var root = pickles[0][..^PickleSuffix.Length];
        var builder = new PickleBuilder(file.Path, file.Length);
        var (start, length) = zip.Locate(pickles[0]);
        var pickle = file.Read(start, Math.Min(length, PickleLimits.Length));
        var value = PickleMachine.Read(file.Path, pickle, builder, out _);
        var offsets = new Dictionary<string, long>();
        foreach (var storage in builder.Storages.Values)
        {
            var (offset, bytes) = zip.Locate($"{root}/data/{storage.Key}");
            Require(file, bytes == storage.ByteLength, $"storage '{storage.Key}' has {bytes} bytes, "
                + $"but {storage.ElementCount} elements of {storage.Type.Name} take {storage.ByteLength}");
            offsets.Add(storage.Key, offset);
        }

        return new PyTorchContainer("PyTorch zip", value, offsets, IsBigEndianZip(file, zip, $"{root}/byteorder"));
    }

    private static bool IsBigEndianZip(InputFile file, StoredZip zip, string record)
    {
        if (!zip.Members.ContainsKey(record))
        {
            return false; // files before PyTorch 2.1 do not say; they are little-endian
        }

        var (offset, length) = zip.Locate(record);
        ReadOnlySpan<byte> order = file.Read(offset, Math.Min(length, 16));
        Require(file, order.SequenceEqual("little"u8) || order.SequenceEqual("big"u8), "has a byte order that is neither little nor big");
        return order.SequenceEqual("big"u8);
    }

    /// <summary>
    /// Five pickles in a row: magic number, protocol 1001, facts about the system, the object, the keys of the storages in their order; then for each key its
    /// element count as int64 and the elements. The elements are little-endian on every system: PyTorch swaps when it writes (THPStorage_writeFileRaw).
    /// </summary>
    private static PyTorchContainer ReadLegacy(InputFile file)
    {
        var builder = new PickleBuilder(file.Path, file.Length);
        var position = 0L;
        var pickles = file.Start(PickleLimits.Length);
        object? Next()
        {
            var value = PickleMachine.Read(file.Path, pickles.AsSpan((int)position), builder, out var length);
            position += length;
            return value;
        }

        Next(); // magic
        Require(file, Next() is 1001L, "is a legacy PyTorch file of a protocol other than 1001");
        Next(); // sizes of short, int and long on the writing system
        var root = Next();
        var keys = Next() as List<object?>;
        Require(
            file,
            keys is not null && keys.Count == builder.Storages.Count && keys.Distinct().Count() == keys.Count,
            $"its list of storages does not fit the {builder.Storages.Count} that its object uses");
        var offsets = new Dictionary<string, long>();
        foreach (var key in keys!)
        {
            var storage = key is string name ? builder.Storages.GetValueOrDefault(name) : null;
            Require(file, storage is not null, "lists a storage that its object does not use");
            var announced = BinaryPrimitives.ReadInt64LittleEndian(file.Read(position, sizeof(long)));
            Require(file, announced == storage!.ElementCount, $"storage '{storage.Key}' has {announced} elements, its object says {storage.ElementCount}");
            Require(file, position + sizeof(long) <= file.Length - storage.ByteLength, $"storage '{storage.Key}' ends behind the file; it was cut off");
            offsets.Add(storage.Key, position + sizeof(long));
            position += sizeof(long) + storage.ByteLength;
        }

        return new PyTorchContainer("PyTorch legacy", root, offsets, IsBigEndian: false);
    }

    private static void Require(InputFile file, bool condition, string problem)
    {
        if (!condition)
        {
            throw new CheckpointException($"{file.Path}: {problem}.");
        }
    }
}
