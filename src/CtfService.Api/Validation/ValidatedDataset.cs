using CtfService.Core.Models;
using CtfService.Datasets.Plans;

namespace CtfService.Api.Validation;

/// <summary>A request for a data set that has been checked against a model: every value is present and in range.</summary>
/// <param name="Lifetime">Time from creation after which unfinished work is given up.</param>
/// <param name="Metadata">Notes of the caller; null if there are none.</param>
/// <param name="Webhook">Address to tell about the end; null for none.</param>
internal sealed record ValidatedDataset(
    DatasetPlan Plan, ModelDescription Model, TimeSpan Lifetime, IReadOnlyDictionary<string, string>? Metadata, string? Webhook);
