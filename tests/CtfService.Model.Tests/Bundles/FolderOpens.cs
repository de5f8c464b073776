using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace CtfService.Model.Tests.Bundles;

/// <summary>Counts how often each file of a folder is opened, by any process (Linux, inotify(7)).</summary>
internal sealed partial class FolderOpens : IDisposable
{
    private const int NonBlocking = 0x800; // IN_NONBLOCK
    private const uint Accessed = 0x1; // IN_ACCESS; separates two openings, which the kernel would merge
    private const uint ClosedReadOnly = 0x10; // IN_CLOSE_NOWRITE; as above
    private const uint Opened = 0x20; // IN_OPEN
    private const uint IsFolder = 0x4000_0000; // IN_ISDIR
    private const int HeaderBytes = 16; // watch, mask, cookie, length of the name

    private readonly SafeFileHandle _events;

    public FolderOpens(string folder)
    {
        _events = new SafeFileHandle(Start(NonBlocking), ownsHandle: true);
        if (_events.IsInvalid || Watch(_events, folder, Accessed | ClosedReadOnly | Opened) < 0)
        {
            throw new IOException($"'{folder}' cannot be watched: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>Returns the number of times that each file was opened since the last call.</summary>
    public IReadOnlyDictionary<string, int> Take()
    {
        var counts = new Dictionary<string, int>();
        var buffer = new byte[1 << 16];
        for (var length = Read(_events, buffer, (nuint)buffer.Length); length > 0; length = Read(_events, buffer, (nuint)buffer.Length))
        {
            for (var place = 0; place < length;)
            {
                var mask = BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(place + 4));
                var nameBytes = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(place + 12));
                var name = Encoding.UTF8.GetString(buffer.AsSpan(place + HeaderBytes, nameBytes)).TrimEnd('\0');
                place += HeaderBytes + nameBytes;
                if ((mask & Opened) != 0 && (mask & IsFolder) == 0)
                {
                    counts[name] = counts.GetValueOrDefault(name) + 1;
                }
            }
        }

        return counts;
    }

    public void Dispose() => _events.Dispose();

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Start(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Watch(SafeFileHandle events, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle events, [Out] byte[] buffer, nuint length);
}

/// <summary>A theory that runs on Linux only.</summary>
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = OperatingSystem.IsLinux() ? null : "Only Linux has inotify.";
}
