using System.Numerics.Tensors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Engines;
using CtfService.Model.Sampling;
using CtfService.Model.Stages.Windows;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 1 over an engine whose logits are in host memory: computes only the rows that are needed and samples on the host. A step allocates nothing unless an
/// image finishes.
/// </summary>
/// <remarks>
/// An image draws a window of labels in one step: all but the last are drafted, the rows of all are computed from the drafts, and each label is drawn with the
/// random number of its own cell. A label is a function of its logits and of that number, so the labels up to the first wrong draft, and the one drawn in its
/// place, are those of drawing one at a time; the others are the drafts of the next step. This is the Jacobi iteration of Song et al. 2021 ("Accelerating
/// feedforward computation via parallel nonlinear equation solving", arXiv 2002.03629) with a fixed random number for each cell.
/// </remarks>
internal sealed class HostCoarseStage : ICoarseStage
{
    private readonly IDecodeEngine _engine;
    private readonly IWindowPolicy _windows;
    private readonly ILabelDrafts? _drafts; // null if there are no windows
    private readonly HostSampler _sampler;
    private readonly CoarseBatch _batch;
    private readonly DecodeRow[] _rows;
    private readonly int[] _ends; // of each image: the position after the last one in the step
    private readonly float[] _logits; // [rows, V]

    /// <param name="engine">Disposed with the stage; not disposed if the constructor throws.</param>
    /// <param name="windows">The window of each image in a step; null for one label a step.</param>
    /// <param name="drafts">Labels of windows; null for <see cref="NeighbourDrafts"/>.</param>
    public HostCoarseStage(IDecodeEngine engine, IWindowPolicy? windows = null, ILabelDrafts? drafts = null)
    {
        _engine = engine;
        _windows = windows ?? new FixedWindow(1);
        _drafts = windows is null ? null : drafts ?? new NeighbourDrafts(engine.Config.GridWidth, engine.Config.OutputVocabulary, engine.Capacity);
        _sampler = new HostSampler(engine.Config.OutputVocabulary);
        _batch = new CoarseBatch(engine.Capacity);
        _rows = new DecodeRow[engine.Capacity];
        _ends = new int[engine.Capacity];
        _logits = new float[engine.Capacity * engine.Config.OutputVocabulary];
    }

    /// <summary>Replaces the comparison of labels with their drafts; null for none.</summary>
    public IAcceptance? Acceptance { get; init; }

    public int Rows => _batch.Slots;

    public int FreeRows => _batch.FreeSlots;

    public int Count => _batch.All.Count;

    public bool StepsAllRows => false;

    public int LastStepRows { get; private set; }

    public DecodeWork LastStepWork { get; private set; }

    public IReadOnlyList<RunningImage> Failed { get; private set; } = [];

    public int CountOf(ImagePriority lowest) => _batch.CountOf(lowest);

    public int RowsOf(ImagePriority lowest) => _batch.SlotsOf(lowest);

    /// <inheritdoc/>
    public void Add(RunningImage image) => _batch.Add(image);

    /// <inheritdoc/>
    public bool Remove(long id) => _batch.Remove(id);

    /// <inheritdoc/>
    public IReadOnlyList<RunningImage> Step(ImagePriority lowest = ImagePriority.Bulk)
    {
        PlanPositions(lowest);
        var count = LayOutRows(lowest);
        if (count > 0) // otherwise every image has failed already
        {
            _engine.DecodeStep(_rows.AsSpan(0, count), _logits.AsSpan(0, count * _engine.Config.OutputVocabulary));
        }

        LastStepRows = count;
        ReadLogits(lowest);
        Failed = _batch.TakeFailed();
        var finished = _batch.Advance(lowest);
        foreach (var image in finished)
        {
            image.MarkCoarseDone();
        }

        return finished;
    }

    /// <summary>Does nothing: labels are drawn on the host.</summary>
    public void Fetch(IReadOnlyList<RunningImage> running)
    {
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>
    /// Plans the positions of each image: one, then all that it needs before its next label, then its window, as far as rows are left. Known labels come first,
    /// because each of their rows is certain to count.
    /// </summary>
    private void PlanPositions(ImagePriority lowest)
    {
        var images = _batch.Of(lowest);
        var left = _rows.Length;
        foreach (var image in images)
        {
            left -= image.RowsOf(image.CachedPositions);
        }

        var (drawing, rowsOfPosition) = (0, 0);
        for (var i = 0; i < images.Length; i++)
        {
            _ends[i] = Extend(images[i], images[i].CachedPositions + 1, images[i].NextPosition + 1, ref left);
            if (_ends[i] > images[i].Position)
            {
                drawing++;
                rowsOfPosition += images[i].RowsOf(images[i].Position);
            }
        }

        var load = new StepLoad(drawing, _rows.Length - left, rowsOfPosition, left);
        for (var i = 0; i < images.Length; i++)
        {
            var image = images[i];
            if (_ends[i] > image.Position)
            {
                _ends[i] = Extend(image, _ends[i], Math.Min(image.Position + _windows.Choose(load), _engine.Config.Positions), ref left);
                if (!TryDraft(image, _ends[i] - 1))
                {
                    _ends[i] = image.CachedPositions; // no rows
                }
            }
        }
    }

    /// <summary>Returns the end of an image's positions, at most the wanted one, as far as rows are left.</summary>
    private static int Extend(RunningImage image, int end, int wanted, ref int left)
    {
        while (end < wanted && image.RowsOf(end) <= left)
        {
            left -= image.RowsOf(end++);
        }

        return end;
    }

    /// <summary>Drafts the cells before an end that have no label. Returns false if that fails, and then the image does too.</summary>
    private bool TryDraft(RunningImage image, int end)
    {
        try
        {
            Draft(image, end);
            return true;
        }
        // Any error of one image's drafts is its own.
        catch (Exception error)
        {
            image.Fault = error;
            return false;
        }
    }

    private void Draft(RunningImage image, int end)
    {
        for (var cell = Math.Max(image.Position, image.DraftedCells); cell < end; cell++)
        {
            if (!image.IsKept(cell))
            {
                image.CoarseLabels[cell] = _drafts!.Draft(image, cell);
            }
        }
    }

    /// <summary>Lays out the rows of each image, those of its null class after those of its class. Returns the number of rows.</summary>
    private int LayOutRows(ImagePriority lowest)
    {
        var (count, place) = (0, 0);
        foreach (var image in _batch.Of(lowest))
        {
            var end = _ends[place++];
            LayOut(image, image.Slot, image.Specification.ClassId, end, ref count);
            if (image.NullSlot is { } nullSlot)
            {
                LayOut(image, nullSlot, _engine.Config.NullClass, image.CachedPositions + GuidedPositions(image, end), ref count);
            }
        }

        return count;
    }

    private void LayOut(RunningImage image, int slot, int classId, int end, ref int count)
    {
        for (var position = image.CachedPositions; position < end; position++)
        {
            _rows[count++] = new DecodeRow(slot, position, position == 0 ? classId : image.CoarseLabels[position - 1]);
        }
    }

    /// <summary>Returns how many of an image's positions in the step have a row of the null class: the first ones.</summary>
    private static int GuidedPositions(RunningImage image, int end)
    {
        var count = 0;
        while (image.CachedPositions + count < end && image.IsGuidedAt(image.CachedPositions + count))
        {
            count++;
        }

        return count;
    }

    /// <summary>Scores the kept labels of each image and draws the labels of its window.</summary>
    private void ReadLogits(ImagePriority lowest)
    {
        var (row, place) = (0, 0);
        LastStepWork = default;
        foreach (var image in _batch.Of(lowest))
        {
            var end = _ends[place++];
            var guided = GuidedPositions(image, end);
            var positions = end - image.CachedPositions;
            TryRead(image, end, row, guided);
            row += positions + guided;
            image.DecodeSteps++;
        }
    }

    /// <summary>Reads the logits of an image. An error of its own, such as one of its parameters causes, fails this image only.</summary>
    private void TryRead(RunningImage image, int end, int row, int guided)
    {
        try
        {
            Read(image, end, row, guided);
        }
        // Any error: the logits of the other images are in other rows.
        catch (Exception error)
        {
            image.Fault = error;
        }
    }

    /// <summary>Reads the logits of an image's positions in the step. Those of a position are of the cell with the same index.</summary>
    /// <param name="row">The row of the first position; those of the null class follow those of the class.</param>
    /// <param name="guided">The number of positions with a row of the null class.</param>
    private void Read(RunningImage image, int end, int row, int guided)
    {
        var (first, drawn, labels, isRight) = (image.CachedPositions, 0, 0, true); // right: all inputs so far
        var accepted = end > image.Position ? Acceptance?.LabelsOf(end - image.Position) : null;
        for (var cell = first; cell < end; cell++)
        {
            var i = cell - first;
            image.CachedPositions += isRight ? 1 : 0;
            if (cell < image.Position || image.IsKept(cell))
            {
                if (isRight && image.IsScored)
                {
                    image.Score(cell, Guided(image, row + i, i < guided ? row + end - first + i : null));
                    if (image.Fault is not null)
                    {
                        return;
                    }
                }

                continue;
            }

            var logits = Guided(image, row + i, i < guided ? row + end - first + i : null);
            if (isRight && !image.RequireFinite(cell, logits))
            {
                return;
            }

            if (!isRight && !TensorPrimitives.IsFiniteAll<float>(logits))
            {
                continue; // computed from a wrong draft: the cell keeps the draft that it has
            }

            _drafts?.Observe(image, cell, logits);
            var label = _sampler.Sample(logits, image.Specification.Coarse, image.DrawOf(cell));
            drawn++;
            labels += isRight ? 1 : 0;
            isRight = isRight && (cell + 1 == end || (accepted is { } most ? labels < most : label == image.CoarseLabels[cell]));
            image.CoarseLabels[cell] = label;
        }

        if (drawn > 0)
        {
            image.DraftedCells = end;
            _windows.Measure(drawn, labels);
            AddWork(image, drawn, labels, end);
        }
    }

    private void AddWork(RunningImage image, int drawn, int labels, int end)
    {
        var wasted = 0;
        for (var position = image.CachedPositions; position < end; position++)
        {
            wasted += image.RowsOf(position);
        }

        var work = LastStepWork;
        LastStepWork = new DecodeWork(work.Images + 1, work.Positions + drawn, work.Labels + labels, work.WastedRows + wasted);
    }

    /// <summary>Returns the logits of a row, guided if there is a row of the null class.</summary>
    private Span<float> Guided(RunningImage image, int row, int? nullRow)
    {
        var logits = Logits(row);
        if (nullRow is { } other)
        {
            HostSampler.Guide(logits, Logits(other), image.Specification.Coarse.GuidanceScale);
        }

        return logits;
    }

    private Span<float> Logits(int row) => _logits.AsSpan(row * _engine.Config.OutputVocabulary, _engine.Config.OutputVocabulary);
}
