using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Security;

/// <summary>The service leaves nothing on the disk, so it runs where that is read-only.</summary>
public sealed class NothingWrittenTests(TestApi api) : IClassFixture<TestApi>
{
    [Fact]
    public void Services_OfTheHost_HaveNoDataProtection() => Assert.Null(api.Services.GetService<IDataProtectionProvider>());
}
