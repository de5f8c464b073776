using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Evaluation;
using CtfService.Training.Evaluation.Edits;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Edits;

public sealed class EditEvaluatorTests
{
    private static readonly ImageDataset Originals = NoisyImages.Of(6, 6, seed: 3);

    [Fact]
    public void Draw_EveryMethod_GetsEveryMaskAndTheSameTasks()
    {
        var (first, second) = (new Filled("first", 0), new Filled("second", 1));

        var sets = Evaluator().Draw(EditMasks.Of(16, 16), [first, second], seed: 5);

        Assert.Equal(
            ["centre: first", "centre: second", "left half: first", "left half: second", "border: first", "border: second"],
            sets.Select(set => $"{set.Mask.Name}: {set.Method}"));
        Assert.Equal(first.Tasks, second.Tasks);
        Assert.Equal(Originals.ClassIds, first.Tasks.Take(12).Select(task => task.ClassId));
        Assert.Equal(Enumerable.Range(0, 12).Select(index => ImageSeed.Derive(5, index)), first.Tasks.Take(12).Select(task => task.Seed));
    }

    [Fact]
    public void Measure_OneMask_ComparesTheMethodsWithOriginalsAndReconstructions()
    {
        using var bundle = new TinyBundle();
        using var extractor = new FakeFeatures();
        using var real = FeatureSet.Extract(extractor, NoisyImages.Of(20, 20, seed: 1), NoProgress.Instance);
        var evaluator = Evaluator(extractor);
        var sets = evaluator.Draw([EditMasks.Of(16, 16)[0]], [new Kept(), new Filled("black", 0)], seed: 0);

        var report = Assert.Single(evaluator.Measure(sets, BundleReader.Open(bundle.Directory), CPU, real));

        Assert.Equal(("centre", 0.25), (report.Mask, report.EditedShare));
        Assert.Equal(["original", "reconstruction", "reconstruction under the mask", "kept", "black"], report.Rows.Select(row => row.Method));
        var (original, kept, black) = (report.Rows[0], report.Rows[3], report.Rows[4]);
        Assert.Equal((1.0, 1.0, 1.0), (original.ClassAccuracy, original.Seam, original.SeamBand));
        Assert.Equal(0, original.FidToOriginals!.Value, 1e-6);
        Assert.Equal(original with { Method = "kept" }, kept);
        Assert.True(black.Seam > 3, $"{black.Seam}"); // a black square in noise
        Assert.True(black.Seam > black.SeamBand, $"{black.SeamBand}");
        Assert.True(black.Fid > original.Fid && black.FidToOriginals > 0.01);
        Assert.Empty(evaluator.Missing);
    }

    [Fact]
    public void Measure_OriginalsWithoutGradients_OmitsTheSeamAndSaysWhy()
    {
        using var bundle = new TinyBundle();
        using var extractor = new FakeFeatures();
        using var real = FeatureSet.Extract(extractor, NoisyImages.Of(20, 20, seed: 1), NoProgress.Instance);
        var plain = new ImageDataset(16, 16, NoisyImages.ClassNames, [new(new byte[16 * 16 * 3], 0), new(new byte[16 * 16 * 3], 1)]);
        var evaluator = new EditEvaluator(extractor, plain, QuietStages.Instance, CancellationToken.None);

        var report = evaluator.Measure(evaluator.Draw([EditMasks.Of(16, 16)[0]], [new Kept()], seed: 0), BundleReader.Open(bundle.Directory), CPU, real);

        Assert.Null(report[0].Rows[^1].Seam);
        Assert.Contains(evaluator.Missing, missing => missing.Figure == "centre.kept.seam");
    }

    [Fact]
    public void NaivePaste_PastesTheWholeImageOfTheSeedUnderEachMask()
    {
        using var generator = new FakeImageGenerator(FakeModels.Fruits with { ImageWidth = 16, ImageHeight = 16 });
        var tasks = EditTask.Of(Originals, seed: 1);
        var settings = new SamplingSettings();
        var whole = generator.Generate([.. tasks.Select(task => new ImageSpecification(task.ClassId, task.Seed, settings, settings))], CancellationToken.None);
        var method = new NaivePaste(generator, settings, settings);
        var before = generator.Steps.Sum(step => step.Count);

        foreach (var mask in EditMasks.Of(16, 16).Select(named => named.Mask))
        {
            var results = method.Edit(tasks, mask, CancellationToken.None);

            Assert.All(Enumerable.Range(0, tasks.Count), task => Assert.Equal(
                Enumerable.Range(0, 16 * 16 * 3).Select(i => mask.Edited[i / 3] ? whole[task].Image.Pixels[i] : tasks[task].Original.Pixels[i]),
                results[task].Pixels));
        }

        Assert.Equal(12, generator.Steps.Sum(step => step.Count) - before); // drawn once for all masks
    }

    [Fact]
    public void MaskedDrawing_AsksForAnEditOfEachOriginal()
    {
        using var generator = new FakeImageGenerator(FakeModels.Fruits with { ImageWidth = 16, ImageHeight = 16 });
        var tasks = EditTask.Of(Originals, seed: 1);
        var mask = EditMasks.Of(16, 16)[0].Mask;

        new MaskedDrawing(generator, new SamplingSettings(TopK: 4), new SamplingSettings(TopK: 5)).Edit(tasks, mask, CancellationToken.None);

        var asked = generator.Steps.SelectMany(step => step).ToList();
        Assert.Equal(
            tasks.Select(task => new ImageSpecification(task.ClassId, task.Seed, new SamplingSettings(TopK: 4), new SamplingSettings(TopK: 5))
            {
                Layout = new LayoutSource.Edited(task.Original, mask),
            }),
            asked);
    }

    [Fact]
    public void MirroredDrawing_EditsTheMirrorImageAndMirrorsItBack()
    {
        var tasks = EditTask.Of(Originals, seed: 1);
        var mask = EditMasks.Of(16, 16)[1].Mask;
        var filled = new Filled("black", 0);

        var results = new MirroredDrawing(filled).Edit(tasks, mask, CancellationToken.None);

        Assert.Equal(tasks[0].Original.Pixels[..3], filled.Tasks[0].Original.Pixels[(15 * 3)..(16 * 3)]);
        Assert.Equal(new Filled("black", 0).Edit(tasks, mask, CancellationToken.None).Select(image => image.Pixels), results.Select(image => image.Pixels));
    }

    [Fact]
    public void EditSheet_HasARowOfOriginalsAndForEachMaskTheHoleAndTheMethods()
    {
        var sets = Evaluator().Draw(EditMasks.Of(16, 16), [new Kept(), new Filled("black", 0)], seed: 0);

        var sheet = EditSheet.Of(Originals, sets, columns: 3);

        Assert.Equal((3 * 18) - 2, sheet.Width);
        Assert.Equal(((1 + (3 * 3)) * 18) - 2, sheet.Height);
    }

    private static EditEvaluator Evaluator(IFeatureExtractor? extractor = null) =>
        new(extractor ?? new FakeFeatures(), Originals, QuietStages.Instance, CancellationToken.None);

    private sealed class Kept : IEditMethod
    {
        public string Name => "kept";

        public IReadOnlyList<RgbImage> Edit(IReadOnlyList<EditTask> tasks, EditMask mask, CancellationToken cancellation) =>
            [.. tasks.Select(task => task.Original)];
    }

    private sealed class Filled(string name, byte grey) : IEditMethod
    {
        public List<EditTask> Tasks { get; } = [];

        public string Name => name;

        public IReadOnlyList<RgbImage> Edit(IReadOnlyList<EditTask> tasks, EditMask mask, CancellationToken cancellation)
        {
            Tasks.AddRange(tasks);
            return [.. tasks.Select(task => new RgbImage(16, 16, [.. task.Original.Pixels.Select((value, i) => mask.Edited[i / 3] ? grey : value)]))];
        }
    }
}
