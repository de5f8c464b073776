using System.Threading.Channels;
using CtfService.Core.Models;
using CtfService.Datasets.Folders;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Production;

/// <summary>
/// Generates the missing images of a data set in a folder. Generators run on threads of their own, encoding and writing on others, so that a generator waits
/// for neither.
/// </summary>
/// <param name="judge">Judges every image by the filter of the plan; null if the plan has none.</param>
public sealed class DatasetProduction(DatasetFolder folder, ShardFormat format, IImageJudge? judge)
{
    /// <summary>Attempts at one image after which the filter is considered too strict.</summary>
    public const int MaxAttempts = 100;

    /// <summary>Images between two stages: enough that a burst, or the writing of a shard, does not stop the generators.</summary>
    private const int WaitingImages = 256;

    /// <summary>Images that are encoded at once. One core is left to the generator, whose threads wait for each other.</summary>
    private static readonly int Encoders = Math.Max(1, Environment.ProcessorCount - 1);

    private readonly Dataset _dataset = format.Dataset;
    private readonly Lock _judging = new();

    /// <summary>Called after each image that was finished or rejected, on one thread at a time.</summary>
    public Action Progress { get; set; } = () => { };

    /// <summary>Generates on this thread and one more for each other generator, until the data set is finished.</summary>
    /// <param name="generator">Owned by this thread.</param>
    /// <param name="others">Load the other generators, each on the thread that will own it.</param>
    /// <exception cref="InvalidDataException">The filter rejects nearly all images of a class.</exception>
    /// <exception cref="IOException">A file could not be written; finished images are kept.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished images are kept.</exception>
    public void Run(IImageGenerator generator, IReadOnlyList<Func<CancellationToken, IImageGenerator>> others, CancellationToken cancellation)
    {
        using var source = new ImageSource(folder.Missing());
        using var stages = new Stages(cancellation);
        var drawn = Channel.CreateBounded<DrawnImage>(WaitingImages);
        var judged = Channel.CreateBounded<JudgedImage>(WaitingImages);
        Task[] encoders = [.. Enumerable.Range(0, Encoders)
            .Select(_ => stages.Run(stop => EncodeAsync(drawn.Reader, judged.Writer, stop)))];
        var writer = stages.Run(stop => WriteAsync(judged.Reader, source, stop));
        Thread[] threads = [.. others.Select(load => stages.Start(stop =>
        {
            using var other = load(stop);
            GeneratorLoop.Run(other, source, drawn.Writer, stop);
        }))];
        stages.Try(stop => GeneratorLoop.Run(generator, source, drawn.Writer, stop));
        threads.ToList().ForEach(thread => thread.Join());
        drawn.Writer.Complete();
        Task.WhenAll(encoders).GetAwaiter().GetResult();
        judged.Writer.Complete();
        writer.GetAwaiter().GetResult();
        stages.ThrowIfFailed();
        Writing(() => folder.FinishAsync(cancellation)).GetAwaiter().GetResult();
    }

    private async Task EncodeAsync(ChannelReader<DrawnImage> drawn, ChannelWriter<JudgedImage> judged, CancellationToken stop)
    {
        await foreach (var image in drawn.ReadAllAsync(stop))
        {
            await judged.WriteAsync(Rejection(image) is { } rejected
                ? new JudgedImage(Accepted: null, rejected)
                : new JudgedImage(format.Encode(image.Planned, image.Image), Rejected: null), stop);
        }
    }

    private async Task WriteAsync(ChannelReader<JudgedImage> judged, ImageSource source, CancellationToken stop)
    {
        await foreach (var image in judged.ReadAllAsync(stop))
        {
            if (image.Accepted is { } accepted)
            {
                await Writing(() => folder.AddAsync(accepted, stop));
                source.Accept();
            }
            else
            {
                await Writing(() =>
                {
                    folder.Add(image.Rejected!);
                    return Task.CompletedTask;
                });
                source.Replace(Replacement(image.Rejected!));
            }

            Progress();
        }
    }

    /// <summary>Returns null if the image is accepted.</summary>
    private RejectedImage? Rejection(DrawnImage image)
    {
        if (judge is null || _dataset.Plan.Filter is not { } filter)
        {
            return null;
        }

        var classId = image.Planned.Specification.ClassId;
        Judgement judgement;
        lock (_judging)
        {
            judgement = judge.Judge(image.Image, classId);
        }

        return judgement.PredictedClass == classId && judgement.Probability >= filter.MinProbability
            ? null
            : new RejectedImage(image.Planned.Index, image.Planned.Attempt, judgement.PredictedClass, judgement.Probability);
    }

    private PlannedImage Replacement(RejectedImage rejected) => rejected.Attempt + 1 < MaxAttempts
        ? _dataset.Image(rejected.Index, rejected.Attempt + 1)
        : throw new InvalidDataException(
            $"{MaxAttempts} images of class '{_dataset.ClassOf(rejected.Index).Name}' in a row were rejected for one place; the last one has the probability "
            + FormattableString.Invariant($"{rejected.Probability:0.000}, expected {_dataset.Plan.Filter!.MinProbability} or more. ")
            + "Lower the smallest probability, leave the class out, or use another classifier, and name another folder.");

    private static async Task Writing(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"{error.Message} Finished images are kept. Free space or make the folder writable, and run the same command again to continue.", error);
        }
    }

    /// <summary>One of the two is not null.</summary>
    private sealed record JudgedImage(EncodedImage? Accepted, RejectedImage? Rejected);
}
