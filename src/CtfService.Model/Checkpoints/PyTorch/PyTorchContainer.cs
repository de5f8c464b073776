using System.Buffers.Binary;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>A file written by torch.save, zip or legacy: its pickled object and the location of every storage.</summary>
/// <param name="Name">The name of the format, for display.</param>
/// <param name="Root">The pickled object.</param>
/// <param name="Offsets">Maps the key of each storage to the offset of its first byte in the file.</param>
/// <param name="IsBigEndian">True if the elements of the storages are big-endian.</param>
internal sealed record PyTorchContainer(string Name, object? Root, IReadOnlyDictionary<string, long> Offsets, bool IsBigEndian)
{
    private const string PickleSuffix = "/data.pkl";

    private const string TorchScript =
        "is a TorchScript file (torch.jit.save), a program with its weights, which is not supported. "
        + "Save only the weights: torch.save(torch.jit.load(file).state_dict(), 'weights.pt')";

    /// <summary>0x1950a86a20f9469cfc6c as a pickle of protocol 2, with which every legacy file starts.</summary>
    private static ReadOnlySpan<byte> LegacyMagic => [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    /// <exception cref="CheckpointException">The file was not written by torch.save, is damaged, or names an unsupported global.</exception>
    public static PyTorchContainer Read(InputFile file)
    {
        if (IsPyTorch(file, out var isZip))
        {
            return isZip ? ReadZip(file, StoredZip.Open(file)) : ReadLegacy(file);
        }

        throw new CheckpointException(
            $"{file.Path}: "
                + $"{ForeignContent.Find(file) ?? "is not a PyTorch file: it is neither a zip file nor in the legacy format of PyTorch before 1.6"}.");
    }

    /// <summary>Checks the first bytes only.</summary>
    public static bool IsPyTorch(InputFile file, out bool isZip)
    {
        var start = file.Start(LegacyMagic.Length);
        isZip = StoredZip.IsZip(start);
        return isZip || start.AsSpan().SequenceEqual(LegacyMagic);
    }

    /// <summary>The records are <c>root/data.pkl</c>, <c>root/data/KEY</c> and, in newer files, <c>root/byteorder</c>; root can be any name.</summary>
    private static PyTorchContainer ReadZip(InputFile file, StoredZip zip)
    {
        var pickles = zip.Records.Keys.Where(name => name.EndsWith(PickleSuffix, StringComparison.Ordinal)).Take(2).ToList();
        Require(file, !zip.Records.Keys.Any(name => name.EndsWith("/constants.pkl", StringComparison.Ordinal)), TorchScript);
        Require(
            file,
            pickles.Count > 0,
            "is a zip file, but was not written by torch.save: it contains "
                + $"{string.Join(", ", zip.Records.Keys.Order(StringComparer.Ordinal).Take(5))}{(zip.Records.Count > 5 ? ", ..." : "")}. "
                + "Unpack it and pass the weight file in it");
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
        if (!zip.Records.ContainsKey(record))
        {
            return false; // not written before PyTorch 2.1; those files are little-endian
        }

        var (offset, length) = zip.Locate(record);
        ReadOnlySpan<byte> order = file.Read(offset, Math.Min(length, 16));
        Require(file, order.SequenceEqual("little"u8) || order.SequenceEqual("big"u8), "has a byteorder record that is neither 'little' nor 'big'");
        return order.SequenceEqual("big"u8);
    }

    /// <summary>
    /// Five consecutive pickles: magic number, protocol 1001, facts about the system, the object, and the keys of the storages in order. For each key, its
    /// element count as int64 and its elements follow. They are little-endian on every system: PyTorch swaps bytes when it writes (THPStorage_writeFileRaw).
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
        Require(file, Next() is 1001L, "is a legacy PyTorch file with a protocol other than 1001");
        Next(); // sizes of short, int and long on the writing system
        var root = Next();
        var keys = Next() as List<object?>;
        Require(
            file,
            keys is not null && keys.Count == builder.Storages.Count && keys.Distinct().Count() == keys.Count,
            $"its list of storage keys does not match the {builder.Storages.Count} storages that its object uses");
        var offsets = new Dictionary<string, long>();
        foreach (var key in keys!)
        {
            var storage = key is string name ? builder.Storages.GetValueOrDefault(name) : null;
            Require(file, storage is not null, "lists a storage that its object does not use");
            var declared = BinaryPrimitives.ReadInt64LittleEndian(file.Read(position, sizeof(long)));
            Require(
                file,
                declared == storage!.ElementCount,
                $"storage '{storage.Key}' has {declared} elements, but its object declares {storage.ElementCount}");
            Require(
                file,
                position + sizeof(long) <= file.Length - storage.ByteLength,
                $"storage '{storage.Key}' extends past the end of the file; it was truncated");
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
