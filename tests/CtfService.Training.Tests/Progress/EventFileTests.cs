using System.Buffers.Binary;
using CtfService.TestSupport;
using CtfService.Training.Progress;
using Microsoft.Extensions.Time.Testing;
using Tensorboard;

namespace CtfService.Training.Tests.Progress;

/// <summary>Reads event files as TensorBoard does: records with a length and masked checksums, each an event.</summary>
public sealed class EventFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Report_Training_WritesEveryFigureWithItsStepAndTime()
    {
        Write(0, Training(10));

        Assert.Equal(
            ["10 loss 0.5", "10 gradient_norm 2", "10 tokens_per_second 640", "10 images_per_second 10"], Scalars());
        Assert.All(Events().Skip(1), written => Assert.Equal(1_800_000_000, written.WallTime));
        Assert.Equal("brain.Event:2", Events().First().FileVersion);
    }

    [Fact]
    public void Report_Evaluation_HasTagsOfItsOwn()
    {
        Write(0, new TrainingReport(
            20, 100, new Dictionary<string, double> { ["held-out loss"] = 0.25, ["held-out accuracy"] = 0.75 }, null, TimeSpan.Zero, TimeSpan.Zero));

        Assert.Equal(["20 evaluation/held-out_loss 0.25", "20 evaluation/held-out_accuracy 0.75"], Scalars());
    }

    [Fact]
    public void Open_Resumed_RemovesTheEventsOfLaterSteps()
    {
        Write(0, Loss(10), Loss(20), Loss(30));

        Write(20, Loss(25));

        Assert.Equal(["10 loss 0.5", "20 loss 0.5", "25 loss 0.5"], Scalars());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(14)]
    [InlineData(20)]
    public void Open_ResumedAfterAWriteThatWasCutOff_RemovesTheIncompleteEvent(int missing)
    {
        Write(0, Loss(10), Loss(20));
        using (var stream = File.Open(Files().Single(), FileMode.Open))
        {
            stream.SetLength(stream.Length - missing);
        }

        Write(30, Loss(40));

        Assert.Equal(["10 loss 0.5", "40 loss 0.5"], Scalars());
    }

    [Fact]
    public void Open_NewRun_DeletesTheFilesOfTheEarlierOne()
    {
        Write(0, Loss(10));

        Write(0, Loss(20));

        Assert.Equal(["20 loss 0.5"], Scalars());
    }

    private static TrainingReport Loss(long step) =>
        new(step, 100, new Dictionary<string, double> { ["loss"] = 0.5 }, null, TimeSpan.Zero, TimeSpan.Zero)
        {
            Details = new Dictionary<string, double>(),
            Losses = new Dictionary<string, double> { ["loss"] = 0.5 },
            ImagesPerSecond = null,
        };

    private static TrainingReport Training(long step) => Loss(step) with
    {
        ImagesPerSecond = 10,
        Details = new Dictionary<string, double> { ["gradient_norm"] = 2, ["tokens_per_second"] = 640 },
    };

    private void Write(long finishedSteps, params TrainingReport[] reports)
    {
        var events = EventFile.Open(_folder.Root, finishedSteps, _clock);
        foreach (var report in reports)
        {
            events.Report(report);
        }
    }

    private IEnumerable<string> Scalars() => Events()
        .SelectMany(written => written.Summary?.Value.Select(value => FormattableString.Invariant($"{written.Step} {value.Tag} {value.SimpleValue}")) ?? [])
        .Select(line => line.Replace("evaluation/loss", "loss", StringComparison.Ordinal));

    private IEnumerable<Event> Events() => Files().SelectMany(Read);

    private IEnumerable<string> Files() => Directory.EnumerateFiles(_folder.Root, "events.out.tfevents.*").Order(StringComparer.Ordinal);

    private static IEnumerable<Event> Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var events = new List<Event>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
            var record = bytes.AsSpan(at + 12, length);
            Assert.Equal(MaskedChecksum(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            Assert.Equal(MaskedChecksum(record), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            events.Add(Event.Parser.ParseFrom(record.ToArray()));
            at += 16 + length;
        }

        return events;
    }

    /// <summary>CRC-32C, rotated and shifted as TensorFlow's record files have it.</summary>
    private static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
    }
}
