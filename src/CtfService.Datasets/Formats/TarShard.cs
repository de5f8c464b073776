using System.Formats.Tar;

namespace CtfService.Datasets.Formats;

/// <summary>Writes a tar file without times, users or anything else that differs from run to run.</summary>
internal sealed class TarShard(Stream output) : IAsyncDisposable
{
    /// <summary>Longest name that the header of every tar format holds, bytes.</summary>
    private const int LongestPlainName = 100;

    private readonly TarWriter _writer = new(output, leaveOpen: true);

    /// <param name="name">Path with forward slashes, at most 100 ASCII characters or any other, which then uses GNU's extension for long names.</param>
    public async Task AddAsync(string name, byte[] content, CancellationToken cancellation)
    {
        // Pax, the default of .NET, writes the id of the process.
        TarEntry entry = System.Text.Ascii.IsValid(name) && name.Length <= LongestPlainName
            ? new UstarTarEntry(TarEntryType.RegularFile, name)
            : new GnuTarEntry(TarEntryType.RegularFile, name);
        entry.ModificationTime = DateTimeOffset.UnixEpoch;
        entry.DataStream = new MemoryStream(content, writable: false);
        await _writer.WriteEntryAsync(entry, cancellation);
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
