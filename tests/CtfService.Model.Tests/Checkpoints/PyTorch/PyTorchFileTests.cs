using System.Buffers.Binary;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Checkpoints.PyTorch;

/// <summary>Cases that the golden files do not cover: zip64, hostile pickles, limits.</summary>
public sealed class PyTorchFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File1 => _folder.File("a.pt");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_Zip64Directory_ReadsTheSame(bool zip64)
    {
        TorchFileWriter.Write(File1, [("first", [3, 5]), ("second", [7])], TorchFileWriter.FillRandom, zip64: zip64);

        using var file = PyTorchFile.Open(File1);

        var expected = new float[15];
        TorchFileWriter.FillRandom("first", expected);
        using var first = file.Read("first");
        Assert.Equal(["first", "second"], file.Entries.Select(entry => entry.Name));
        Assert.Equal(expected, first.data<float>().ToArray());
    }

    [Fact]
    public void Open_KeysOfATrainingWrapper_HaveNoPrefix()
    {
        TorchFileWriter.Write(File1, [("module.a", [1]), ("module.b", [1])], TorchFileWriter.FillRandom);

        using var file = PyTorchFile.Open(File1);

        Assert.Equal(["a", "b"], file.Entries.Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("cos\nsystem\n(U\u0002lst.", "names 'os.system'")]
    [InlineData("cbuiltins\nexec\n.", "names 'builtins.exec'")]
    [InlineData("U\u0002osU\u0006system\u0093.", "names 'os.system'")]
    [InlineData("ctorch\nFloatStorage\n)R.", "calls torch.FloatStorage with unexpected arguments")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R.", "calls torch._utils._rebuild_tensor_v2 with unexpected arguments")]
    [InlineData("ctorch\nFloatStorage\n)\u0081.", "calls torch.FloatStorage.__new__, which is not supported")]
    [InlineData("(ios\nsystem\n.", "names 'os.system', which can run code. Nothing was executed; do not open this file with any other program")]
    [InlineData("(cos\nsystem\nU\u0002lso.", "names 'os.system', which can run code")]
    [InlineData("ctorch.storage\n_load_from_bytes\n.", "which can run code")]
    [InlineData("ctorch\nload\n.", "which can run code")]
    [InlineData(
        "comegaconf.dictconfig\nDictConfig\n.",
        "names 'omegaconf.dictconfig.DictConfig', a class that is not supported; nothing was executed. Save only the weights")]
    [InlineData("c__main__\nConfig\n.", "names '__main__.Config', a class that is not supported")]
    [InlineData("ctorch\ndevice\n)}U\u0001aNs\u0092.", "creates an object with keyword arguments")]
    [InlineData("S'a\n.", "a string without quotation marks")]
    [InlineData("(o.", "calls something other than a global with a tuple of arguments")]
    [InlineData("\u0097.", "has the unsupported opcode 0x97")]
    [InlineData("\u0082\u0001.", "has the unsupported opcode 0x82")]
    [InlineData("U\u0001aQ.", "has a persistent id that is not a storage")]
    [InlineData(".", "pops more values from its stack")]
    [InlineData("K\u0001(0.", "pops more values from its stack")]
    [InlineData("t.", "pops to a mark that it did not push")]
    [InlineData("h\u0005.", "reads the memo index 5, which it never set")]
    [InlineData("Nr\u00ff\u00ff\u00ff\u007f.", "uses the memo index 2147483647")]
    [InlineData("K\u0001a.", "pops more values from its stack")]
    [InlineData("NK\u0001a.", "appends to something that is not a list")]
    [InlineData("NNNs.", "sets items of something that is not a dict")]
    [InlineData("}(Nu.", "sets a key without a value")]
    [InlineData("]}b.", "sets the state of a value that has none")]
    [InlineData("\u008b\u00ff\u00ff\u00ff\u007f.", "ends within an opcode")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ff.", "declares an operand of 4294967295 bytes")]
    [InlineData("I1x\n.", "a malformed integer")]
    [InlineData("Fx\n.", "a malformed float")]
    [InlineData("I1", "ends within a line")]
    [InlineData("\u0080\u0009.", "protocol above 5")]
    [InlineData("K\u0001", "ends within an opcode")]
    public void Read_HostileOrDamagedPickle_IsRefused(string pickle, string expected)
    {
        var bytes = pickle.Select(letter => (byte)letter).ToArray();

        var error = Assert.Throws<CheckpointException>(() => PickleMachine.Read("here", bytes, new PickleBuilder("here", 1000), out _));

        Assert.StartsWith("here: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ctorch\nbfloat16\n.", "torch.bfloat16")]
    [InlineData("ctorch\ndevice\n(U\u0004cudaK\u0000tR.", "torch.device(cuda, 0)")]
    [InlineData("ctorch\nSize\n((K\u0003K\u0004ttR.", "tuple of 2")]
    [InlineData("c__builtin__\nset\n(](K\u0001K\u0002etR.", "list of 2")]
    [InlineData("\u0080\u0004\u008f(K\u0001K\u0002\u0090.", "list of 2")]
    [InlineData("(K\u0001\u0091.", "tuple of 1")]
    [InlineData("cbuiltins\nfrozenset\n(](K\u0001etR.", "list of 1")]
    [InlineData("ccollections\ndefaultdict\n(cbuiltins\nlist\ntRU\u0001aK\u0001s.", "dict of 1")]
    [InlineData("ccollections\nCounter\n(}U\u0001aK\u0001stR.", "dict of 1")]
    [InlineData("ccollections\ndeque\n(](K\u0001etR.", "list of 1")]
    [InlineData("cargparse\nNamespace\n)\u0081}U\u0002lrF0.5\nsb.", "argparse.Namespace of 1 attributes")]
    [InlineData("ccopy_reg\n_reconstructor\n(cargparse\nNamespace\nc__builtin__\nobject\nNtR}U\u0002lrF0.5\nsb.", "argparse.Namespace of 1 attributes")]
    [InlineData("cargparse\nNamespace\n)}\u0092}U\u0002lrF0.5\nsb.", "argparse.Namespace of 1 attributes")]
    [InlineData("cpathlib\nPosixPath\n(U\u0007resultsU\u0003001tR.", "pathlib.PosixPath(results, 001)")]
    [InlineData("cpathlib._local\nPosixPath\n(U\u0001atR.", "pathlib._local.PosixPath(a)")]
    [InlineData("cbuiltins\ncomplex\n(F1\nF2\ntR.", "builtins.complex(1, 2)")]
    [InlineData("cbuiltins\nslice\n(K\u0001K\u0002NtR.", "builtins.slice(1, 2, None)")]
    [InlineData("c_codecs\nencode\n(U\u0003abcU\u0006latin1tR.", "3 bytes")]
    [InlineData("cbuiltins\nbytearray\n(B\u0003\u0000\u0000\u0000abctR.", "3 bytes")]
    [InlineData("\u0096\u0002\u0000\u0000\u0000\u0000\u0000\u0000\u0000ab.", "2 bytes")]
    [InlineData("\u008e\u0002\u0000\u0000\u0000\u0000\u0000\u0000\u0000ab.", "2 bytes")]
    [InlineData(
        "cnumpy\ndtype\n(U\u0002f8\u0089\u0088tR(K\u0003U\u0001<NNNJ\u00ff\u00ff\u00ff\u00ffJ\u00ff\u00ff\u00ff\u00ffK\u0000tb.",
        "numpy.dtype(f8, False, True)")]
    [InlineData("cnumpy._core.multiarray\nscalar\n(cnumpy\ndtype\n(U\u0002f8tRU\u0001atR.", "numpy._core.multiarray.scalar(numpy.dtype, a)")]
    [InlineData("cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(U\u0002f8tRU\u0001atR.", "numpy.core.multiarray.scalar(numpy.dtype, a)")]
    [InlineData("cdatetime\ntimedelta\n(K\u0001K\u0000K\u0000tR.", "datetime.timedelta(1, 0, 0)")]
    [InlineData("}(NK\u0001u.", "dict of 1")]
    [InlineData("S'abc'\n.", "abc")]
    [InlineData("Va\\u00fcb\n.", "a\u00fcb")]
    [InlineData("(cargparse\nNamespace\no.", "argparse.Namespace()")]
    [InlineData("(iargparse\nNamespace\n.", "argparse.Namespace()")]
    public void Read_HarmlessValues_AreData(string pickle, string expected)
    {
        var bytes = pickle.Select(letter => (byte)letter).ToArray();

        var value = PickleMachine.Read("here", bytes, new PickleBuilder("here", 1000), out var length);

        Assert.Equal(expected, PickleText.Kind(value));
        Assert.Equal(bytes.Length, length);
    }

    [Fact]
    public void Read_SameStringEncodedRepeatedly_IsRefusedEarly()
    {
        byte[] text = [(byte)'X', 0, 0, 16, 0, .. new byte[1 << 20], (byte)'q', 0, (byte)'0'];
        var again = "(c_codecs\nencode\n(h\0U\u0006latin1tR"u8.ToArray();
        byte[] pickle = [.. text, .. Enumerable.Repeat(again, 1000).SelectMany(bytes => bytes), (byte)'.'];

        var error = Assert.Throws<CheckpointException>(() => PickleMachine.Read("here", pickle, new PickleBuilder("here", 10_000_000), out _));

        Assert.Contains("copies more than 16777216 values", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TooManyOpcodes_AreRefused()
    {
        var pickle = new byte[PickleLimits.Opcodes + 1];
        Array.Fill(pickle, (byte)')');

        var error = Assert.Throws<CheckpointException>(() => PickleMachine.Read("here", pickle, new PickleBuilder("here", 1000), out _));

        Assert.Contains("more than 1000000 opcodes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_LongInteger_IsRefused()
    {
        byte[] pickle = [0x8b, 0, 16, 0, 0, .. new byte[4096], (byte)'.'];

        var error = Assert.Throws<CheckpointException>(() => PickleMachine.Read("here", pickle, new PickleBuilder("here", 10_000), out _));

        Assert.Contains("an integer of 4096 bytes; expected at most 256", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_CompressedRecord_SaysHowToFixIt()
    {
        TorchFileWriter.Write(File1, [("first", [3])], TorchFileWriter.FillRandom);
        var bytes = File.ReadAllBytes(File1);
        var directory = bytes.AsSpan().IndexOf("PK\x01\x02"u8);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(directory + 10), 8); // deflate
        File.WriteAllBytes(File1, bytes);

        var error = Assert.Throws<CheckpointException>(() => PyTorchFile.Open(File1));

        Assert.Contains("is compressed, but torch.save stores records uncompressed. Repack the file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_UnknownFormat_SaysSo()
    {
        File.WriteAllBytes(File1, [1, 2, 3, 4, 5, 6, 7, 8, 9]);

        Assert.Contains("is not a PyTorch file", Assert.Throws<CheckpointException>(() => PyTorchFile.Open(File1)).Message, StringComparison.Ordinal);
        Assert.Contains("not a safetensors file", Assert.Throws<CheckpointException>(() => CheckpointFile.Open(File1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_EmptyFile_IsRefused()
    {
        File.WriteAllBytes(File1, []);

        Assert.Throws<CheckpointException>(() => CheckpointFile.Open(File1));
        Assert.Throws<CheckpointException>(() => PyTorchFile.Open(File1));
    }

    [Fact]
    public void Read_FileShrankSinceItWasOpened_IsRefused()
    {
        TorchFileWriter.Write(File1, [("first", [100_000])], TorchFileWriter.FillRandom);
        using var file = PyTorchFile.Open(File1);
        using (var other = new FileStream(File1, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            other.SetLength(1000);
        }

        Assert.Contains("it was truncated", Assert.Throws<CheckpointException>(() => file.Read("first")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
