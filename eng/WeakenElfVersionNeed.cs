using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Marks one required symbol version of a 64-bit little-endian ELF library as weak, so that the dynamic loader warns nothing and
/// refuses nothing when the system's library lacks that version. Leaves the file alone where there is nothing to do.
/// Layout: System V ABI, "Symbol Versioning" (Elf64_Shdr, Elf64_Verneed, Elf64_Vernaux).
/// </summary>
public class WeakenElfVersionNeed : Task
{
    private const int VersionNeedSection = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort WeakFlag = 2;                 // VER_FLG_WEAK

    [Required]
    public string Library { get; set; }

    [Required]
    public string VersionName { get; set; }

    public override bool Execute()
    {
        byte[] elf = File.ReadAllBytes(Library);
        if (!IsElf64LittleEndian(elf) || !MarkWeak(elf))
        {
            return true;
        }

        // The file may be a hard link into the package cache: replace the link, never write through it.
        // The time stamp stays, so that the next incremental build does not copy the original again.
        DateTime stamp = File.GetLastWriteTimeUtc(Library);
        string replacement = Library + ".weakened";
        File.WriteAllBytes(replacement, elf);
        File.SetLastWriteTimeUtc(replacement, stamp);
        File.Delete(Library);
        File.Move(replacement, Library);
        Log.LogMessage(MessageImportance.Normal, "Marked " + VersionName + " weak in " + Library);
        return true;
    }

    private bool MarkWeak(byte[] elf)
    {
        bool changed = false;
        long sections = BitConverter.ToInt64(elf, 0x28);
        int entrySize = BitConverter.ToUInt16(elf, 0x3A);
        int count = BitConverter.ToUInt16(elf, 0x3C);
        for (int i = 0; i < count; i++)
        {
            int header = checked((int)(sections + (i * entrySize)));
            if (BitConverter.ToInt32(elf, header + 4) != VersionNeedSection)
            {
                continue;
            }

            int need = checked((int)BitConverter.ToInt64(elf, header + 0x18));
            int stringSection = checked((int)(sections + (BitConverter.ToInt32(elf, header + 0x28) * entrySize)));
            int strings = checked((int)BitConverter.ToInt64(elf, stringSection + 0x18));
            changed |= MarkWeakInChain(elf, need, strings);
        }

        return changed;
    }

    /// <summary>Walks the linked list of needed libraries (vn_next) and, for each, of needed versions (vna_next).</summary>
    private bool MarkWeakInChain(byte[] elf, int need, int strings)
    {
        bool changed = false;
        while (true)
        {
            int versions = BitConverter.ToUInt16(elf, need + 2);
            int version = need + BitConverter.ToInt32(elf, need + 8);
            for (int i = 0; i < versions; i++)
            {
                ushort flags = BitConverter.ToUInt16(elf, version + 4);
                if (NameAt(elf, strings + BitConverter.ToInt32(elf, version + 8)) == VersionName && (flags & WeakFlag) == 0)
                {
                    BitConverter.GetBytes((ushort)(flags | WeakFlag)).CopyTo(elf, version + 4);
                    changed = true;
                }

                version += BitConverter.ToInt32(elf, version + 12);
            }

            int next = BitConverter.ToInt32(elf, need + 12);
            if (next == 0)
            {
                return changed;
            }

            need += next;
        }
    }

    private static string NameAt(byte[] elf, int offset)
    {
        return Encoding.ASCII.GetString(elf, offset, Array.IndexOf(elf, (byte)0, offset) - offset);
    }

    private static bool IsElf64LittleEndian(byte[] elf)
    {
        return elf.Length > 0x40 && elf[0] == 0x7f && elf[1] == 'E' && elf[2] == 'L' && elf[3] == 'F' && elf[4] == 2 && elf[5] == 1;
    }
}
