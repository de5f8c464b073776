using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.Training.Data;
using CtfService.Training.Progress;

namespace CtfService.Training.Evaluation.Samples;

/// <summary>
/// The samples of a model for an evaluation as files: <c>images/class/number.png</c> with provenance, and <c>samples.jsonl</c> with tokens and times. An
/// interrupted evaluation resumes, and a later one may request more images of each class.
/// </summary>
public sealed class SampleFolder
{
    private readonly string _path;

    public SampleFolder(string path) => _path = path;

    /// <summary>Path of the class folders with PNG files, which <c>ctf classify --images</c> reads.</summary>
    public string Images => Path.Combine(_path, "images");

    /// <summary>Generates the missing images with the serving engine and returns all planned images.</summary>
    /// <exception cref="InvalidDataException">The folder holds images of another model or with other sampling settings.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two steps; finished images are kept.</exception>
    public DrawnSamples Draw(IImageGenerator generator, SamplePlan plan, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        Directory.CreateDirectory(_path);
        var model = generator.Model;
        SampleOrigin.Of(model, plan).RequireOrWrite(Path.Combine(_path, "samples.json"));
        using var records = SampleRecords.Open(Path.Combine(_path, "samples.jsonl"));
        List<PlannedSample> planned = [.. plan.Samples(model.Classes.Count)];
        List<PlannedSample> missing = [.. planned.Where(sample => !records.Has(sample) || !File.Exists(FileOf(model, sample)))];
        if (missing.Count > 0)
        {
            var pace = new TrainingPace(planned.Count - missing.Count, planned.Count, BatchSize: 1, ReportEvery: 1);
            Draw(generator, missing, records, pace, new TrainingMeter(progress, pace), cancellation);
        }

        return Read(model, planned, records);
    }

    private void Draw(
        IImageGenerator generator, List<PlannedSample> missing, SampleRecords records, TrainingPace pace, TrainingMeter meter, CancellationToken cancellation)
    {
        var model = generator.Model;
        var drawing = Stopwatch.StartNew();
        var finished = pace.FirstStep;
        void Finished(int place, GeneratedImage image)
        {
            var seconds = drawing.Elapsed.TotalSeconds;
            drawing.Reset(); // the time of writing files does not count
            var sample = missing[place];
            Write(FileOf(model, sample), ImageFile.Encode(image.Image, ImageProvenance.Of(model, image.Specification), ImageFormat.Png));
            records.Add(new SampleRecord(sample.ClassId, sample.Index, image.Specification.Seed, seconds, image.Tokens));
            meter.StepFinished(++finished, () => new Dictionary<string, double>());
            drawing.Start();
        }

        generator.GenerateEach([.. missing.Select(sample => sample.Specification)], Finished, cancellation);
    }

    private DrawnSamples Read(ModelDescription model, List<PlannedSample> planned, SampleRecords records)
    {
        var images = planned.Select(sample => new LabelledImage(Pixels(FileOf(model, sample)), sample.ClassId));
        List<SampleRecord> drawn = [.. planned.Select(records.Of)];
        var dataset = new ImageDataset(model.ImageWidth, model.ImageHeight, [.. model.Classes.Labels.Select(label => label.Name)], [.. images]);
        return new DrawnSamples(dataset, [.. drawn.Select(record => record.Tokens)], drawn.Count / drawn.Sum(record => record.Seconds));
    }

    private static byte[] Pixels(string path)
    {
        try
        {
            return ImageCodec.Decode(File.ReadAllBytes(path)).Pixels;
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{path}: {error.Message} Delete the file; it will be generated again.", error);
        }
    }

    private string FileOf(ModelDescription model, PlannedSample sample) =>
        Path.Combine(Images, model.Classes.FileNames[sample.ClassId], FormattableString.Invariant($"{sample.Index:00000}.png"));

    private static void Write(string path, byte[] file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, file); // its record is written afterwards, so that an incomplete file is generated again
    }
}

/// <summary>The samples of an evaluation.</summary>
/// <param name="Images">Images in the order of the plan.</param>
/// <param name="Tokens">Tokens of each image.</param>
/// <param name="ImagesPerSecond">Sampling speed in batches, without writing files.</param>
public sealed record DrawnSamples(ImageDataset Images, IReadOnlyList<IReadOnlyList<int>> Tokens, double ImagesPerSecond);
