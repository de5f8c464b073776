using System.IO.Compression;
using System.Text;

namespace CtfService.Model.Tests.Fuzzing;

/// <summary>A checkpoint without tensors. Its pickle has every kind of opcode and name that is read as data.</summary>
internal static class HarmlessPickle
{
    private static readonly string[] Values =
    [
        "ctorch\nbfloat16\n", "ctorch\ndevice\n(U\u0004cudaK\u0000tR", "c__builtin__\nset\n(](K\u0001K\u0002etR",
        "\u008f(K\u0001K\u0002\u0090", "(K\u0001\u0091",
        "ccollections\ndefaultdict\n(cbuiltins\nlist\ntRU\u0001aK\u0001s",
        "ccopy_reg\n_reconstructor\n(cargparse\nNamespace\nc__builtin__\nobject\nNtR}U\u0002lrF0.5\nsb",
        "cargparse\nNamespace\n)}\u0092}U\u0002lrF0.5\nsb", "cpathlib\nPosixPath\n(U\u0007resultsU\u0003001tR", "c_codecs\nencode\n(U\u0003abcU\u0006latin1tR",
        "\u0096\u0002\u0000\u0000\u0000\u0000\u0000\u0000\u0000ab", "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(U\u0002f8tRU\u0001atR",
        "S'abc'\n", "Vabc\n", "(iargparse\nNamespace\n",
    ];

    public static void Write(string path)
    {
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        using var record = zip.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open();
        record.Write([0x80, 4, .. Encoding.Latin1.GetBytes($"]({string.Concat(Values)}e.")]);
    }
}
