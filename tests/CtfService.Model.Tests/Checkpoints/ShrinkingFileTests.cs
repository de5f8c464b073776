using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Checkpoints;

/// <summary>Files that shrink while they are read give an error; they never end the process.</summary>
public sealed class ShrinkingFileTests : IDisposable
{
    private const int Rounds = 40;
    private const int Elements = 1 << 18;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Read_FileShrinksWhileRead_IsRefused(bool isSafetensors)
    {
        var path = _folder.File("weights");
        var whole = WholeFile(path, isSafetensors);
        for (var round = 0; round < Rounds; round++)
        {
            File.WriteAllBytes(path, whole);
            using var start = new Barrier(2);
            var random = new Random(round);
            var cut = new Thread(() =>
            {
                start.SignalAndWait();
                Thread.SpinWait(random.Next(200_000));
                using var other = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                other.SetLength(random.Next(whole.Length));
            });
            cut.Start();
            start.SignalAndWait();

            Exception? error;
            do
            {
                error = Record.Exception(() => ReadAll(path));
            }
            while (error is null); // until the file shrinks during a read or before it

            cut.Join();
            Assert.True(error is CheckpointException { IsTransient: false }, $"Round {round}: {error}");
        }
    }

    [Fact]
    public void Read_FileShrankSinceItWasOpened_SaysSo()
    {
        var path = _folder.File("weights");
        WholeFile(path, isSafetensors: true);
        using var file = SafetensorsFile.Open(path);
        using (var other = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            other.SetLength(5000);
        }

        var error = Assert.Throws<CheckpointException>(() => file.Read("first"));

        Assert.Contains("it was truncated while it was read", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    private static byte[] WholeFile(string path, bool isSafetensors)
    {
        if (isSafetensors)
        {
            using var scope = NewDisposeScope();
            SafetensorsWriter.Write(path, [("first", ones(Elements)), ("second", ones(Elements))]);
        }
        else
        {
            TorchFileWriter.Write(path, [("first", [Elements]), ("second", [Elements])], TorchFileWriter.FillRandom);
        }

        return File.ReadAllBytes(path);
    }

    private static void ReadAll(string path)
    {
        using var file = CheckpointFile.Open(path);
        foreach (var entry in file.Entries)
        {
            file.Read(entry.Name).Dispose();
        }
    }
}
